"""Readings as history: hypertable, columnstore, aggregates and retention; the same names on plain PostgreSQL.

On TimescaleDB the aggregates are continuous (one upon the other, real time: what is not materialised yet is added at
the query) and its background workers do the work. Their refresh window (80 days) is shorter than raw retention (90), so
that a refresh never sees rows that are gone. On plain PostgreSQL they are views over tables of our own; how they are
filled stands in `ember_service/history/rollup.py`, which also keeps the retention there.

Runs: expand (before the deploy).
"""

# ruff: noqa: S608 -- every part of these statements is a constant of this file
from alembic import op
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EPOCH = "'2000-01-01 00:00+00'"
"""Where buckets count from; time_bucket and date_bin then cut alike, days at midnight UTC."""
LEVELS = (("reading_1m", "1 minute"), ("reading_1h", "1 hour"), ("reading_1d", "1 day"))
OF_RAW = "min(value) AS min, avg(value) AS avg, max(value) AS max, count(*) AS count"
OF_FINER = "min(min) AS min, sum(avg * count) / sum(count) AS avg, max(max) AS max, sum(count)::bigint AS count"

# The loader's own setting is there for everyone to see where the library is preloaded; without that, CREATE EXTENSION
# ends the session. The Apache build has no continuous aggregates: then it is as good as plain PostgreSQL.
LOADED = """
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
   AND EXISTS (SELECT FROM pg_settings WHERE name = 'timescaledb.disable_load')
"""
USABLE = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
   AND coalesce(current_setting('timescaledb.license', true), '') = 'timescale'
"""

HYPERTABLE = (
    "SELECT create_hypertable('reading', by_range('time', INTERVAL '1 day'), create_default_indexes => false)",
    "ALTER TABLE reading SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'channel',"
    " timescaledb.orderby = 'time')",
    "CALL add_columnstore_policy('reading', after => INTERVAL '7 days')",
)
# (end of the window before now, how often, buckets a transaction): a bucket is materialised when it is whole.
REFRESH = {
    "reading_1m": ("1 minute", "1 minute", 1440),
    "reading_1h": ("1 hour", "10 minutes", 168),
    "reading_1d": ("1 day", "1 hour", 30),
}
RETENTION = (
    "SELECT add_retention_policy('reading', drop_after => INTERVAL '90 days')",
    "SELECT add_retention_policy('reading_1m', drop_after => INTERVAL '1 year')",
)

PLAIN = (
    # `threshold`: readings before it that come now are noted as late. `rolled`: the tables are filled up to here.
    """
    CREATE TABLE reading_rollup (
        "only" boolean NOT NULL DEFAULT true, threshold timestamptz NOT NULL, rolled timestamptz NOT NULL,
        CONSTRAINT pk_reading_rollup PRIMARY KEY ("only"), CONSTRAINT ck_reading_rollup_only CHECK ("only"))
    """,
    "INSERT INTO reading_rollup (threshold, rolled) VALUES ('1970-01-01 00:00+00', '1970-01-01 00:00+00')",
    # Up to where the buckets of a width are in the tables. A function, since the planner knows the value of a stable
    # one (and not of a subquery), and takes the index on time for the short tail. It runs with its owner's rights:
    # dashboards call it through the views of `report`.
    f"""
    CREATE FUNCTION reading_edge(width interval) RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN RETURN (SELECT date_bin(width, rolled, {EPOCH}) FROM reading_rollup); END $$
    """,
    "CREATE TABLE reading_late (bucket timestamptz NOT NULL, channel bigint NOT NULL)",
    f"""
    CREATE FUNCTION reading_note_late() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE edge timestamptz;
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(1701667442, 1);
        SELECT threshold INTO edge FROM reading_rollup;
        INSERT INTO reading_late (bucket, channel)
        SELECT DISTINCT date_bin('1 minute', time, {EPOCH}), channel FROM fresh WHERE time < edge;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER reading_late AFTER INSERT ON reading REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reading_note_late()
    """,
)


def upgrade() -> None:
    connection = op.get_bind()
    if _timescale(connection):
        _continuous()
    else:
        _plain()


def _timescale(connection: Connection) -> bool:
    """Make the extension where the server has it loaded and we may; say whether it is there to be used."""
    if connection.exec_driver_sql(LOADED).scalar_one():
        try:
            with connection.begin_nested():
                connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
        except DBAPIError:
            return False
    return bool(connection.exec_driver_sql(USABLE).scalar_one())


def _continuous() -> None:
    for statement in HYPERTABLE:
        op.execute(statement)
    source, time, figures = "reading", "time", OF_RAW
    for name, width in LEVELS:
        op.execute(
            f"CREATE MATERIALIZED VIEW {name} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS"
            f" SELECT time_bucket(INTERVAL '{width}', {time}) AS bucket, channel, {figures} FROM {source}"
            " GROUP BY 1, 2 WITH NO DATA"
        )
        end, every, batch = REFRESH[name]
        op.execute(
            f"SELECT add_continuous_aggregate_policy('{name}', start_offset => INTERVAL '80 days',"
            f" end_offset => INTERVAL '{end}', schedule_interval => INTERVAL '{every}',"
            f" buckets_per_batch => {batch})"
        )
        source, time, figures = name, "bucket", OF_FINER
    for statement in RETENTION:
        op.execute(statement)


def _plain() -> None:
    for statement in PLAIN:
        op.execute(statement)
    source, time, figures = "reading", "time", OF_RAW
    for name, width in LEVELS:
        op.execute(
            f"CREATE TABLE {name}_rolled (bucket timestamptz NOT NULL, channel bigint NOT NULL,"
            " min double precision NOT NULL, avg double precision NOT NULL, max double precision NOT NULL,"
            f" count bigint NOT NULL, CONSTRAINT pk_{name}_rolled PRIMARY KEY (channel, bucket))"
        )
        op.execute(f"CREATE INDEX ix_{name}_rolled_bucket ON {name}_rolled USING brin (bucket)")
        # The edge is a whole bucket of this level, so that no bucket is half on one side.
        edge = f"reading_edge('{width}')"
        op.execute(
            f"CREATE VIEW {name}_tail AS SELECT date_bin('{width}', {time}, {EPOCH}) AS bucket, channel, {figures}"
            f" FROM {source} WHERE {time} >= {edge} GROUP BY 1, 2"
        )
        op.execute(
            f"CREATE VIEW {name} AS SELECT bucket, channel, min, avg, max, count FROM {name}_rolled"
            f" WHERE bucket < {edge} UNION ALL SELECT bucket, channel, min, avg, max, count FROM {name}_tail"
        )
        source, time, figures = name, "bucket", OF_FINER
