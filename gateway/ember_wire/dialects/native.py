"""Emberwatch's own dialect: `ew/v1/dev/{device}/{telemetry,alarm,status}` of contract.md."""

import json
import math
from typing import Any, Final

import msgspec

from ember_wire.dialects.base import Decoded, Reason, Reject, Sample
from ember_wire.topics import BadNameError, check_name

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 8
MAX_REJECTS: Final = 64
MAX_TEXT: Final = 256
MAX_ATTRIBUTES: Final = 64
MAX_DIGITS: Final = 400
"""A whole number longer than this is beyond a 64-bit float whatever its digits are."""
_STATUS_VALUES: Final = ("online", "battery")
_decoder = msgspec.json.Decoder()


def decode(device: str, leaf: str, payload: bytes) -> Decoded:
    """Take a native message apart. Never raises for what a device sends: each bad part becomes a Reject."""
    out = Decoded(device)
    body = _parse(payload, out)
    if body is None:
        return out
    if leaf == "status":
        _status(body, out)
    elif isinstance(body, list):
        if not body:
            _reject(out, Reason.UNKNOWN_SHAPE, "an empty array: send at least one object with `values`")
        for entry in body:
            _telemetry(entry, out)
    else:
        _telemetry(body, out)
    return out


def _parse(payload: bytes, out: Decoded) -> Any:
    if len(payload) > MAX_BYTES:
        _reject(out, Reason.TOO_LARGE, f"{len(payload)} bytes: a message has at most {MAX_BYTES}; send it in parts")
        return None
    if _depth_exceeds(payload, MAX_DEPTH):
        _reject(out, Reason.TOO_DEEP, f"nested deeper than {MAX_DEPTH}: send `values` flat")
        return None
    try:
        body = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        try:
            body = _lenient(payload)
        except ValueError:
            _reject(out, Reason.NOT_JSON, f"not JSON: {error}")
            return None
    if body is None:
        _reject(out, Reason.UNKNOWN_SHAPE, "null: send an object with `values`")
    return body


def _lenient(payload: bytes) -> Any:
    """Read what only one number spoils (NaN, Infinity, 1e999): that value is set aside, not the verdict beside it."""
    return json.loads(payload.decode(), parse_int=lambda digits: int(digits) if len(digits) < MAX_DIGITS else math.inf)


def _depth_exceeds(payload: bytes, limit: int) -> bool:
    """Whether brackets nest deeper than `limit`; those within strings do not count."""
    if payload.count(b"[") + payload.count(b"{") <= limit:
        return False
    depth, in_text, escaped = 0, False, False
    for byte in payload:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def _telemetry(entry: Any, out: Decoded) -> None:
    if not isinstance(entry, dict):
        _reject(out, Reason.WRONG_TYPE, f"{_kind(entry)} where an object with `values` belongs")
        return
    values = entry.get("values")
    if not isinstance(values, dict):
        _reject(out, Reason.UNKNOWN_SHAPE, 'no object `values`: send {"ts": ms, "values": {"temperature": 23.4}}')
        return
    ts, bad_time = _time(entry.get("ts"))
    boot, seq = _identity(entry, out)
    test = entry.get("test") is True
    for name, value in values.items():
        _value(name, value, Sample("", 0.0, ts, test, bad_time, boot, seq), out)


def _status(body: Any, out: Decoded) -> None:
    if not isinstance(body, dict):
        _reject(out, Reason.WRONG_TYPE, f'{_kind(body)} where an object such as {{"online": true}} belongs')
        return
    ts, bad_time = _time(body.get("ts"))
    for name, value in body.items():
        if name in _STATUS_VALUES:
            _value(name, value, Sample("", 0.0, ts, bad_time=bad_time), out)
        elif name != "ts":
            _attribute(name, value, out)


def _time(ts: Any) -> tuple[int | None, bool]:
    """(ms, whether what stood there was no time). Whether it can be is for the gateway, which has a clock."""
    if ts is None:
        return None, False
    if isinstance(ts, bool) or not isinstance(ts, int | float) or not abs(ts) < 2**62:  # NaN is not less either
        return None, True
    return int(ts), False


def _identity(entry: dict[str, Any], out: Decoded) -> tuple[str | None, int | None]:
    boot, seq = entry.get("boot"), entry.get("seq")
    if boot is not None and not isinstance(boot, str):
        _reject(out, Reason.WRONG_TYPE, f"`boot` is {_kind(boot)}: a text that changes at each start belongs there")
        boot = None
    if seq is not None and (isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq < 2**63):
        _reject(out, Reason.WRONG_TYPE, f"`seq` is {_kind(seq)}: a whole number that counts up belongs there")
        seq = None
    return (boot[:MAX_TEXT] if boot is not None else None), seq


def _value(name: str, value: Any, like: Sample, out: Decoded) -> None:
    try:
        check_name(name)
    except BadNameError as error:
        _reject(out, Reason.BAD_NAME, f"channel {name[:MAX_TEXT]!r}: {error}")
        return
    if isinstance(value, bool | int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            out.samples.append(like._replace(channel=name, value=number))
        else:
            _reject(out, Reason.NOT_FINITE, f"{name}: a number beyond what a 64-bit float holds")
    elif isinstance(value, str):
        _attribute(name, value, out)
    else:
        _reject(out, Reason.WRONG_TYPE, f"{name}: {_kind(value)} where a number or a boolean belongs")


def _attribute(name: str, value: Any, out: Decoded) -> None:
    """Keep a text about the device. Numbers and lists of the status message are kept as text too."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = text.encode(errors="replace").decode().replace("\0", "")[:MAX_TEXT]
    if len(out.attributes) >= MAX_ATTRIBUTES and name not in out.attributes:
        _reject(out, Reason.TOO_MANY, f"more than {MAX_ATTRIBUTES} texts in one message: send those that matter")
        return
    try:
        out.attributes[check_name(name)] = text
    except BadNameError as error:
        _reject(out, Reason.BAD_NAME, f"attribute {name[:MAX_TEXT]!r}: {error}")


def _reject(out: Decoded, reason: Reason, detail: str) -> None:
    """Set one part aside; a message full of rubbish gives a bounded number, the last of which says so."""
    if len(out.rejects) < MAX_REJECTS:
        out.rejects.append(Reject(reason, detail))
    elif len(out.rejects) == MAX_REJECTS:
        out.rejects.append(Reject(Reason.TOO_MANY, f"more than {MAX_REJECTS} bad parts; the rest is in the payload"))


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
