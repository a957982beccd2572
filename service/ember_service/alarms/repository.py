"""The evaluator's tables: alarms, their events, and messages. Writing twice is writing once."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ember_base.schema import alarm, alarm_event, message
from ember_service.notify.model import MessageRow
from ember_wire.alarms import AlarmRecord, Transition

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def probe(connection: AsyncConnection) -> None:
    """Raise what the database raises where a table of ours is missing."""
    for table in (alarm, alarm_event, message):
        await connection.execute(select(table).limit(0))


async def store_transitions(connection: AsyncConnection, transitions: Sequence[Transition]) -> None:
    """Events as they are; alarms where the revision is higher than the stored one."""
    if not transitions:
        return
    await connection.execute(insert(alarm_event).on_conflict_do_nothing(), [_event(t) for t in transitions])
    statement = insert(alarm)
    columns = [c.name for c in alarm.columns if c.name != "id"]
    statement = statement.on_conflict_do_update(
        index_elements=[alarm.c.id],
        set_={name: statement.excluded[name] for name in columns},
        where=alarm.c.revision < statement.excluded["revision"],
    )
    await connection.execute(statement, [_alarm(t) for t in _newest(transitions)])


async def store_messages(connection: AsyncConnection, rows: Sequence[MessageRow]) -> None:
    """Messages as they stand now."""
    if not rows:
        return
    statement = insert(message)
    statement = statement.on_conflict_do_update(
        index_elements=[message.c.id],
        set_={name: statement.excluded[name] for name in ("state", "reason", "attempts", "sent")},
    )
    await connection.execute(statement, [_message(row) for row in rows])


def _newest(transitions: Iterable[Transition]) -> list[Transition]:
    """Of each alarm the highest revision: one statement must not touch a row twice. By id, against deadlocks."""
    found: dict[str, Transition] = {}
    for transition in transitions:
        known = found.get(transition.alarm.id)
        if known is None or known.alarm.revision < transition.alarm.revision:
            found[transition.alarm.id] = transition
    return [found[name] for name in sorted(found)]


def _alarm(transition: Transition) -> dict[str, Any]:
    record = transition.alarm
    return {
        "id": record.id,
        "revision": record.revision,
        "rule": _clean(record.rule),
        "rule_version": record.rule_version,
        "class": record.class_.value,
        "severity": record.severity,
        "open": record.open,
        "state": record.state,
        "workshop": _clean(record.workshop),
        "zone": _maybe(record.zone),
        "device": _maybe(record.device),
        "channel": int(record.channel) if record.channel is not None else None,
        "onset": _time(record.onset),
        "raised": _time(record.raised),
        "returned": _maybe_time(record.returned),
        "acked": _maybe_time(record.acked),
        "acked_by": _maybe(record.acked_by),
        "closed": _maybe_time(record.closed),
        "verdict": record.verdict.value if record.verdict else None,
        "updated": _time(transition.known),
        "record": _json(record),
    }


def _event(transition: Transition) -> dict[str, Any]:
    record = _json(transition)
    del record["alarm"]
    return {
        "id": transition.id,
        "alarm": transition.alarm.id,
        "seq": transition.seq,
        "kind": transition.kind.value,
        "happened": _time(transition.happened),
        "known": _time(transition.known),
        "who": _maybe(transition.who),
        "why": _maybe(transition.why),
        "record": record,
    }


def _message(row: MessageRow) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: _clean(value) if isinstance(value, str) else value for name, value in msgspec.structs.asdict(row).items()
    }
    del found["revision"]
    return {**found, "queued": _time(row.queued), "sent": _maybe_time(row.sent)}


def _json(record: AlarmRecord | Transition) -> dict[str, Any]:
    """As JSON gives it: no NaN; and no NUL, which PostgreSQL takes neither in text nor in jsonb."""
    found: dict[str, Any] = json.loads(msgspec.json.encode(record).replace(b"\\u0000", b"\\ufffd"))
    return found


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _maybe(text: str | None) -> str | None:
    return None if text is None else _clean(text)


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _maybe_time(ms: int | None) -> datetime | None:
    return None if ms is None else _time(ms)
