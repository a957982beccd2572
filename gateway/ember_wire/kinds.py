"""Kinds of channel with their canonical units (SenML symbols, RFC 8428)."""

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """What a channel measures. `verdict`: true means that the device itself says "fire"."""

    name: str
    unit: str
    boolean: bool = False
    verdict: bool = False


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("smoke", "%/m"),
        Kind("smoke_alarm", "", boolean=True, verdict=True),
        Kind("heat_alarm", "", boolean=True, verdict=True),
        Kind("manual_call", "", boolean=True, verdict=True),
        Kind("tamper", "", boolean=True),
        Kind("online", "", boolean=True),
        Kind("temperature", "Cel"),
        Kind("cable_temperature", "Cel"),
        Kind("current", "A"),
        Kind("residual_current", "mA"),
        Kind("voltage", "V"),
        Kind("power", "W"),
        Kind("energy", "kWh"),
        Kind("load", "%"),
        Kind("humidity", "%RH"),
        Kind("battery", "%"),
    )
}

VERDICTS: Final = frozenset(kind.name for kind in KINDS.values() if kind.verdict)


def kind_of(channel: str) -> str:
    """The kind of a channel's name: `current` of `current.l1`. A name outside the table is its own kind."""
    return channel.partition(".")[0]


def unit_of(kind: str) -> str:
    """The canonical unit of a kind; empty for booleans and for what the table does not know."""
    known = KINDS.get(kind)
    return known.unit if known else ""
