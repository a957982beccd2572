"""Every table, in one place: SQLAlchemy Core, the same on TimescaleDB and on plain PostgreSQL.

One writer for each group (design 10): the service writes register, rules, accounts and audit; the gateway readings,
discoveries and dead letters; the evaluator alarms, their events and messages. The gateway's and the evaluator's tables
hold no foreign keys: what happened is kept whether the register knows of it or not.

Times are timestamptz. `retired` and `disabled` say since when; null is in use. Migrations carry what metadata cannot:
hypertable, aggregates, schema `report`. A test holds both together.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: Final = MetaData(naming_convention=NAMES)


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _time(name: str, *, now: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now() if now else None)


def _maybe(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _maybe_time(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=True)


def _of(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, ForeignKey(f"{target}"), nullable=nullable)


def _json(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    return Column(name, JSONB(none_as_null=True), nullable=nullable, server_default=default)


def _registered(name: str, *columns: Any, key: Any = Text) -> Table:
    """A table of the register: retired, never deleted, so that history keeps its names."""
    first = Column("id", key, primary_key=True, autoincrement=False)
    return Table(name, metadata, first, *columns, _time("created", now=True), _maybe_time("retired"))


# --- the service writes ---------------------------------------------------------------------------------------------
area: Final = _registered("area", _text("name"), _text("kind"), _of("parent", "area.id", nullable=True))
station: Final = _registered("station", _text("name"), _of("area", "area.id"))
workshop: Final = _registered(
    "workshop",
    _text("name"),
    _of("area", "area.id"),
    _text("address", default=""),
    _text("trade", default=""),
    _maybe("latitude", Double),
    _maybe("longitude", Double),
    Index(None, "area"),
)
zone: Final = _registered(
    "zone", _of("workshop", "workshop.id"), _text("name"), _text("kind", default="other"), Index(None, "workshop")
)
circuit: Final = _registered(
    "circuit",
    _of("workshop", "workshop.id"),
    _text("name"),
    Column("rated_current", Double, nullable=False),
    Index(None, "workshop"),
)
device: Final = _registered(
    "device",
    _of("workshop", "workshop.id"),
    _of("zone", "zone.id", nullable=True),
    _text("model", default=""),
    _text("supervision", default="mains"),
    _maybe("period", Double),
    Index(None, "workshop"),
)
channel: Final = _registered(
    "channel",
    _of("device", "device.id"),
    _text("name"),
    _text("kind"),
    _text("unit", default=""),
    _of("circuit", "circuit.id", nullable=True),
    Column("scale", Double, nullable=False, server_default=text("1")),
    Column("offset", Double, nullable=False, server_default=text("0")),
    UniqueConstraint("device", "name"),
    key=BigInteger,
)
contact: Final = _registered(
    "contact",
    _text("name"),
    _of("workshop", "workshop.id", nullable=True),
    _text("role", default="owner"),
    _text("language", default="zh"),
    _maybe("mail"),
    _maybe("webhook"),
)
rule: Final = Table(
    "rule",
    metadata,
    _text("id"),
    Column("version", Integer, nullable=False),
    _json("body"),
    _time("created", now=True),
    _text("created_by"),
    PrimaryKeyConstraint("id", "version"),
)
account: Final = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    _text("role"),
    _of("area", "area.id", nullable=True),
    _of("workshop", "workshop.id", nullable=True),
    _text("password_hash"),
    _text("language", default="zh"),
    _time("created", now=True),
    _maybe_time("disabled"),
)
register_revision: Final = Table(
    "register_revision",
    metadata,
    Column("only", Boolean, primary_key=True, server_default=text("true")),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint('"only"', name="only"),
)
"""Its one row is made by the migration; each change of the register counts it up in its own transaction."""
audit: Final = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _time("time", now=True),
    _text("who"),
    _text("origin", default=""),
    _text("action"),
    _text("object"),
    _json("before", nullable=True),
    _json("after", nullable=True),
)

# --- the gateway writes ---------------------------------------------------------------------------------------------
reading: Final = Table(
    "reading",
    metadata,
    Column("channel", BigInteger, nullable=False),
    _time("time"),
    _time("received"),
    Column("value", Double, nullable=False),
    Column("quality", SmallInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("channel", "time"),
    # A hundredth of a B-tree's size and cost: rows come nearly in the order of their time.
    Index(None, "time", postgresql_using="brin", postgresql_with={"pages_per_range": 32, "autosummarize": True}),
)
seen_device: Final = Table(
    "seen_device",
    metadata,
    Column("id", Text, primary_key=True),
    _time("first_seen"),
    _time("last_seen"),
    _json("attributes", default="{}"),
)
seen_channel: Final = Table(
    "seen_channel",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _text("device"),
    _text("name"),
    _text("kind"),
    _text("unit", default=""),
    _time("first_seen"),
    UniqueConstraint("device", "name"),
)
"""Names of every channel that has readings: `report.*` finds them here, so a reading's channel must be in it."""
dead_letter: Final = Table(
    "dead_letter",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _time("time"),
    _text("gateway"),
    _text("topic"),
    Column("payload", LargeBinary, nullable=False),
    _text("reason"),
    _text("detail", default=""),
    Index(None, "time"),
)

# --- the evaluator writes -------------------------------------------------------------------------------------------
alarm: Final = Table(
    "alarm",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    _text("rule"),
    Column("rule_version", Integer, nullable=False),
    _text("class"),
    Column("severity", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    _text("state"),
    _text("workshop"),
    _maybe("zone"),
    _maybe("device"),
    _maybe("channel", BigInteger),
    _time("onset"),
    _time("raised"),
    _maybe_time("returned"),
    _maybe_time("acked"),
    _maybe("acked_by"),
    _maybe_time("closed"),
    _maybe("verdict"),
    _time("updated", now=True),
    _json("record"),
    Index("ix_alarm_open", "workshop", postgresql_where=text("open")),
    Index(None, "raised", "id"),
    Index(None, "workshop", "raised"),
)
"""One row an episode. `record` is the whole AlarmRecord; the columns are what queries and dashboards ask for."""
alarm_event: Final = Table(
    "alarm_event",
    metadata,
    Column("id", Text, primary_key=True),
    _text("alarm"),
    Column("seq", BigInteger, nullable=False),
    _text("kind"),
    _time("happened"),
    _time("known"),
    _maybe("who"),
    _maybe("why"),
    _json("record"),
    Index(None, "alarm", "seq"),
    Index(None, "known"),
)
message: Final = Table(
    "message",
    metadata,
    Column("id", Text, primary_key=True),
    _text("alarm"),
    _text("transition"),
    _text("contact"),
    _text("contact_name"),
    _text("channel"),
    _text("address"),
    _text("language"),
    _text("subject"),
    _text("text"),
    _text("state"),
    _maybe("reason"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("queued"),
    _maybe_time("sent"),
    Index(None, "queued"),
    Index(None, "alarm"),
)

# --- aggregates: continuous on TimescaleDB, views over tables of our own on plain PostgreSQL -------------------------
views: Final = MetaData()
"""What is queried like a table and is none; not part of `metadata`."""


def _aggregate(name: str) -> Table:
    return Table(
        name,
        views,
        _time("bucket"),
        Column("channel", BigInteger, nullable=False),
        *(Column(figure, Double, nullable=False) for figure in ("min", "avg", "max")),
        Column("count", BigInteger, nullable=False),
    )


reading_1m: Final = _aggregate("reading_1m")
reading_1h: Final = _aggregate("reading_1h")
reading_1d: Final = _aggregate("reading_1d")
