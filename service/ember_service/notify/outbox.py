"""Messages until they are told: SQLite, each change fsynced, in a thread of its own.

Where the file fails, messages are kept in memory instead: a fire is told all the same, and `fault` says so.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from ember_base.disk import set_aside
from ember_service.notify.model import DONE, Message, MessageRow, Result, State
from ember_wire.alarms import CLASS_ORDER

log = logging.getLogger(__name__)
T = TypeVar("T")

KEEP_MS: Final = 86_400_000
"""Told and archived messages stay for a day: the journal's replay must find them, to tell nothing twice."""
STRUGGLING: Final = 3
LOOK_AHEAD: Final = 200
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY, rank INTEGER NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL, body BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued', reason TEXT, attempts INTEGER NOT NULL DEFAULT 0,
    repeat INTEGER NOT NULL DEFAULT 0, queued INTEGER NOT NULL, due INTEGER, sent INTEGER, changed INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1, archived INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS message_due ON message (channel, rank, due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS message_unarchived ON message (queued) WHERE archived < revision;
"""
_ADD: Final = (
    "INSERT OR IGNORE INTO message (id, rank, channel, address, body, queued, due, changed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_COLUMNS: Final = "id, rank, channel, address, body, state, reason, attempts, repeat, queued, due, sent, changed"
_decoder: Final = msgspec.msgpack.Decoder(Message)


class Standing(NamedTuple):
    """How the outbox stands: waiting messages, and (contact, reason) of those that fail again and again."""

    pending: int = 0
    failing: list[tuple[str, str]] = []  # noqa: RUF012 - a NamedTuple's default, never changed


class Outbox:
    """All methods but `close` may be awaited from the event loop at once; they are carried out in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._db: sqlite3.Connection | None = None
        self.fault = ""
        self.repeated = 0

    async def open(self, now: int) -> None:
        """Open the file. What was being sent when the process died is sent again, marked as a repeat."""
        await self._run(lambda: self._open(now))

    async def add(self, messages: Sequence[Message], now: int) -> int:
        """Queue messages, durably; returns how many were new."""
        return await self._run(lambda: self._add(messages, now))

    async def claim(self, channel: str, *, fires: bool, now: int, busy: Iterable[str], most: int) -> list[Message]:
        """The next messages to send, the worst first, at most one for an address, none for a busy one."""
        avoid = sorted(busy)
        return await self._run(lambda: self._claim(channel, fires, now, avoid, most))

    async def finish(self, message: Message, result: Result, now: int, due: int | None) -> None:
        """Note what became of a try. `due`: when to try again; None where it is over."""
        await self._run(lambda: self._finish(message, result, now, due))

    async def next_due(self, channel: str, *, fires: bool) -> int | None:
        """When the next message of a lane is due, ms."""
        query = f"SELECT min(due) FROM message WHERE channel = ? AND due IS NOT NULL AND rank {'=' if fires else '>'} 0"  # noqa: S608
        return await self._run(lambda: self._one(query, (channel,)))

    async def standing(self, now: int) -> Standing:
        """Figures for health and metrics."""
        return await self._run(lambda: self._standing(now))

    async def unarchived(self, most: int) -> list[MessageRow]:
        """Messages that changed since they were archived."""
        return await self._run(lambda: self._unarchived(most))

    async def archived(self, rows: Sequence[MessageRow], now: int) -> None:
        """Note that these stand in the database so; forget what is told, archived and old."""
        await self._run(lambda: self._archived(rows, now))

    async def close(self) -> None:
        await self._run(self._close)
        self._thread.shutdown()

    # Below: in the thread. -------------------------------------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: self._sheltered(work))

    def _sheltered(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            self._fail_over(error)
            return work()

    def _open(self, now: int) -> None:
        try:
            self._db = _connect(str(self._path))
        except sqlite3.OperationalError as error:
            self._fail_over(error)
        except sqlite3.DatabaseError as error:
            aside = set_aside(self._path)
            for ending in ("-wal", "-shm"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
            log.warning("the outbox cannot be read (%s); set aside as %s", error, aside.name)
            self.fault = f"its file could not be read and was set aside as {aside.name}: some messages may not be told"
            self._db = _connect(str(self._path))
        with self._writing() as db:
            done = db.execute(
                "UPDATE message SET state = 'queued', repeat = 1, due = ?, revision = revision + 1"
                " WHERE state = 'sending'",
                (now,),
            )
            self.repeated = done.rowcount

    def _add(self, messages: Sequence[Message], now: int) -> int:
        with self._writing() as db:
            before = db.total_changes
            db.executemany(
                _ADD,
                [
                    (
                        m.id,
                        CLASS_ORDER[m.alarm.class_],
                        m.channel,
                        m.address,
                        msgspec.msgpack.encode(m),
                        m.queued,
                        now,
                        now,
                    )
                    for m in messages
                ],
            )
            return int(db.total_changes - before)

    def _claim(self, channel: str, fires: bool, now: int, busy: list[str], most: int) -> list[Message]:
        marks = ",".join("?" * len(busy))
        query = (
            f"SELECT address, body, attempts, repeat, id FROM message WHERE channel = ? AND due <= ?"  # noqa: S608
            f" AND rank {'=' if fires else '>'} 0 AND address NOT IN ({marks}) ORDER BY rank, due LIMIT {LOOK_AHEAD}"
        )
        chosen: dict[str, tuple[Any, ...]] = {}
        with self._writing() as db:
            for row in db.execute(query, (channel, now, *busy)):
                if len(chosen) < most:
                    chosen.setdefault(row[0], row)
            db.executemany(
                "UPDATE message SET state = 'sending', due = NULL, attempts = attempts + 1, changed = ?,"
                " revision = revision + 1 WHERE id = ?",
                [(now, row[4]) for row in chosen.values()],
            )
        return [
            msgspec.structs.replace(_decoder.decode(body), attempts=attempts, repeat=bool(repeat))
            for _, body, attempts, repeat, _ in chosen.values()
        ]

    def _finish(self, message: Message, result: Result, now: int, due: int | None) -> None:
        over = due is None or result.state in DONE
        state = result.state if over else State.QUEUED
        sent = now if result.state is State.DELIVERED else None
        with self._writing() as db:
            db.execute(
                "UPDATE message SET state = ?, reason = ?, due = ?, sent = ?, changed = ?, repeat = repeat OR ?,"
                " revision = revision + 1 WHERE id = ?",
                (state, result.reason or None, None if over else due, sent, now, result.arrived, message.id),
            )

    def _standing(self, now: int) -> Standing:
        pending = self._one("SELECT count(*) FROM message WHERE state IN ('queued', 'sending')", ())
        failing = self._opened().execute(
            "SELECT body, reason FROM message WHERE reason IS NOT NULL AND changed > ?"
            " AND (state IN ('refused', 'unknown') OR (state IN ('queued', 'sending') AND attempts >= ?))"
            " ORDER BY rank, changed DESC LIMIT 20",
            (now - 3_600_000, STRUGGLING),
        )
        return Standing(pending, [(_decoder.decode(body).contact_name, reason) for body, reason in failing])

    def _unarchived(self, most: int) -> list[MessageRow]:
        query = (
            "SELECT body, state, reason, attempts, queued, sent, revision FROM message"
            " WHERE archived < revision ORDER BY queued LIMIT ?"
        )
        return [_row(*row) for row in self._opened().execute(query, (most,))]

    def _archived(self, rows: Sequence[MessageRow], now: int) -> None:
        with self._writing() as db:
            db.executemany(
                "UPDATE message SET archived = max(archived, ?) WHERE id = ?", [(r.revision, r.id) for r in rows]
            )
            db.execute(
                "DELETE FROM message WHERE archived = revision AND due IS NULL AND state != 'sending' AND changed < ?",
                (now - KEEP_MS,),
            )

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _one(self, query: str, values: tuple[Any, ...]) -> Any:
        return self._opened().execute(query, values).fetchone()[0]

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the outbox is not open")
        return self._db

    @contextlib.contextmanager
    def _writing(self) -> Any:
        """One transaction; committed and on disk when it is left."""
        with self._opened() as db:
            yield db

    def _fail_over(self, error: sqlite3.Error) -> None:
        """Go on in memory, with what can still be read of the file."""
        log.error("the outbox cannot be written (%s): going on in memory, a crash would lose messages", error)
        self.fault = f"cannot be written ({error}): messages are kept in memory only, a crash would lose them"
        old, fresh = self._db, _connect(":memory:")
        if old is not None:
            with contextlib.suppress(sqlite3.Error):
                rows = old.execute(f"SELECT {_COLUMNS} FROM message WHERE state IN ('queued', 'sending')").fetchall()  # noqa: S608
                marks = ",".join("?" * len(_COLUMNS.split(",")))
                fresh.executemany(f"INSERT OR IGNORE INTO message ({_COLUMNS}) VALUES ({marks})", rows)  # noqa: S608
                fresh.commit()
            with contextlib.suppress(sqlite3.Error):
                old.close()
        self._db = fresh


def _connect(path: str) -> sqlite3.Connection:
    """WAL with synchronous=FULL: each commit is fsynced, readers wait for nobody."""
    db = sqlite3.connect(path, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_TABLE)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _row(
    body: bytes, state: str, reason: str | None, attempts: int, queued: int, sent: int | None, revision: int
) -> MessageRow:
    message = _decoder.decode(body)
    return MessageRow(
        id=message.id,
        alarm=message.alarm.id,
        transition=message.transition,
        contact=message.contact,
        contact_name=message.contact_name,
        channel=message.channel,
        address=message.address,
        language=message.language,
        subject=message.subject,
        text=message.text,
        state=state,
        reason=reason,
        attempts=attempts,
        queued=queued,
        sent=sent,
        revision=revision,
    )
