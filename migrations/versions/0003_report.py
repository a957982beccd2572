"""Schema `report`: what dashboards read. Views belong to the owner; their reader has no right on any table.

Names come from `seen_channel` (the gateway writes a channel there with its first reading) by an inner join, so that a
query for one device and channel finds its id first and then its readings by their primary key. `channel_id`, last in
each, is the short way for who knows it already.

Runs: expand (before the deploy).
"""

# ruff: noqa: S608 -- every part of these statements is a constant of this file
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAMED = "coalesce(d.workshop, 'unassigned') AS workshop, s.device, s.name AS channel"
MEASURED = "coalesce(c.kind, s.kind) AS kind, coalesce(c.unit, s.unit) AS unit"
REGISTERED = "LEFT JOIN channel c ON c.id = s.id LEFT JOIN device d ON d.id = s.device"

CHANNEL = f"""
CREATE VIEW report.channel AS
SELECT {NAMED}, {MEASURED}, d.zone, s.first_seen, s.id AS channel_id FROM seen_channel s {REGISTERED}
"""
READING = f"""
CREATE VIEW report.reading AS
SELECT r.time, r.received, {NAMED}, {MEASURED}, r.value, r.quality, r.channel AS channel_id
FROM reading r JOIN seen_channel s ON s.id = r.channel {REGISTERED}
"""
AGGREGATE = f"""
SELECT r.bucket AS time, {NAMED}, {MEASURED}, r.min, r.avg, r.max, r.count, r.channel AS channel_id
FROM {{source}} r JOIN seen_channel s ON s.id = r.channel {REGISTERED}
"""
ALARM = """
CREATE VIEW report.alarm AS
SELECT a.id, a.workshop, w.name AS workshop_name, a.zone, a.device,
       coalesce(c.name, s.name, a.record ->> 'channel_name') AS channel,
       a.rule, a.rule_version, a.class, a.severity, a.open, a.state,
       a.onset, a.raised, a.returned, a.acked, a.acked_by, a.closed, a.verdict, a.updated
FROM alarm a LEFT JOIN workshop w ON w.id = a.workshop
     LEFT JOIN channel c ON c.id = a.channel LEFT JOIN seen_channel s ON s.id = a.channel
"""
ALARM_EVENT = """
CREATE VIEW report.alarm_event AS
SELECT e.id, e.alarm, e.seq, e.kind, e.happened, e.known, e.who, e.why, a.class, a.workshop, a.device
FROM alarm_event e LEFT JOIN alarm a ON a.id = e.alarm
"""
DEVICE_HEALTH = """
CREATE VIEW report.device_health AS
SELECT coalesce(d.workshop, 'unassigned') AS workshop, coalesce(d.id, s.id) AS device, d.zone,
       coalesce(d.model, '') AS model, d.supervision, d.period, d.id IS NULL AS discovered, d.retired,
       s.first_seen, s.last_seen, online.value <> 0 AS online, battery.value AS battery, battery.time AS battery_time
FROM device d FULL JOIN seen_device s ON s.id = d.id
     LEFT JOIN LATERAL (
         SELECT r.value FROM seen_channel n JOIN reading r ON r.channel = n.id
         WHERE n.device = coalesce(d.id, s.id) AND n.name = 'online' ORDER BY r.time DESC LIMIT 1) online ON true
     LEFT JOIN LATERAL (
         SELECT r.value, r.time FROM seen_channel n JOIN reading r ON r.channel = n.id
         WHERE n.device = coalesce(d.id, s.id) AND n.name = 'battery' ORDER BY r.time DESC LIMIT 1) battery ON true
"""
# Seconds; null while it has not come to that. `told`: the first message that was handed on.
RESPONSE_TIME = """
CREATE VIEW report.response_time AS
SELECT a.id AS alarm, a.workshop, a.device, a.class, a.severity, a.raised, m.told, a.acked, a.closed, a.verdict,
       extract(epoch FROM a.raised - a.onset)::double precision AS seconds_to_raise,
       extract(epoch FROM m.told - a.raised)::double precision AS seconds_to_tell,
       extract(epoch FROM a.acked - a.raised)::double precision AS seconds_to_acknowledge,
       extract(epoch FROM a.closed - a.raised)::double precision AS seconds_to_close
FROM alarm a LEFT JOIN LATERAL (SELECT min(sent) AS told FROM message WHERE alarm = a.id) m ON true
"""
READER = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'emberwatch_grafana')
       AND (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        CREATE ROLE emberwatch_grafana NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration made it just now
END $$
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA report")
    op.execute(CHANNEL)
    op.execute(READING)
    plain = op.get_bind().exec_driver_sql("SELECT to_regclass('reading_rollup') IS NOT NULL").scalar_one()
    for name, width in (("reading_1m", "1 minute"), ("reading_1h", "1 hour"), ("reading_1d", "1 day")):
        query = AGGREGATE.format(source=name)
        if plain:  # Part by part: a join to the whole could not use the table's primary key.
            rolled = AGGREGATE.format(source=f"{name}_rolled") + f"WHERE r.bucket < reading_edge('{width}')"
            query = f"{rolled} UNION ALL {AGGREGATE.format(source=f'{name}_tail')}"
        op.execute(f"CREATE VIEW report.{name} AS {query}")
    for view in (ALARM, ALARM_EVENT, DEVICE_HEALTH, RESPONSE_TIME, READER):
        op.execute(view)
