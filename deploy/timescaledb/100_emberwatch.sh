#!/bin/sh
# Run once, by the image, in an empty data volume: the owner of Emberwatch's database, and the reader of dashboards.
# Neither is a superuser. The image has put the extension timescaledb into template1, so that the new database has it.
set -eu
: "${DATABASE_PASSWORD:?}" "${GRAFANA_DATABASE_PASSWORD:?}"

psql -v ON_ERROR_STOP=1 -q --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner DATABASE_PASSWORD
\getenv reader GRAFANA_DATABASE_PASSWORD
CREATE ROLE emberwatch LOGIN PASSWORD :'owner';
CREATE DATABASE emberwatch OWNER emberwatch;
REVOKE ALL ON DATABASE emberwatch FROM PUBLIC;

-- It may read schema `report`, which `emberwatch migrate` makes, and nothing else.
CREATE ROLE emberwatch_grafana LOGIN PASSWORD :'reader' CONNECTION LIMIT 20;
ALTER ROLE emberwatch_grafana SET default_transaction_read_only = on;
ALTER ROLE emberwatch_grafana SET statement_timeout = '30s';
GRANT CONNECT ON DATABASE emberwatch TO emberwatch_grafana;
SQL
