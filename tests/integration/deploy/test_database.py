"""deploy/timescaledb: what the image runs once in an empty volume, run by psql on a real server."""

from pathlib import Path

import asyncpg
import pytest

from ember_base.migrate import READER, head, migrate
from tests.integration.deploy.database import Server, ask


def test_the_owner_is_no_superuser(server: Server) -> None:
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    assert ask(server.url("emberwatch", "DATABASE_PASSWORD"), rights) == [(False, False, False)]


def test_the_reader_reads_reports_and_nothing_else(server: Server) -> None:
    url = server.url(READER, "GRAFANA_DATABASE_PASSWORD")
    assert ask(url, "SELECT count(*) FROM report.alarm") == [(0,)]
    assert ask(url, "SHOW default_transaction_read_only") == [("on",)]
    for refused in (
        "SELECT count(*) FROM public.account",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "SET default_transaction_read_only = off; DELETE FROM public.alarm",
    ):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
            ask(url, *refused.split("; "))


def test_nobody_else_comes_in(server: Server) -> None:
    ask(server.url("postgres", "POSTGRES_PASSWORD", "postgres"), "CREATE ROLE other LOGIN PASSWORD 'other-one'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(f"postgresql://other:other-one@127.0.0.1:{server.port}/emberwatch", "SELECT 1")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server.url("emberwatch", "GRAFANA_DATABASE_PASSWORD"), "SELECT 1")


def test_the_password_of_the_reader_can_be_changed(server: Server) -> None:
    admin = server.url("postgres", "POSTGRES_PASSWORD", "postgres")
    ask(admin, f"ALTER ROLE {READER} PASSWORD 'quite-another'")
    assert ask(f"postgresql://{READER}:quite-another@127.0.0.1:{server.port}/emberwatch", "SELECT 1") == [(1,)]
    ask(admin, f"ALTER ROLE {READER} PASSWORD '{server.passwords['GRAFANA_DATABASE_PASSWORD']}'")


def test_a_dump_comes_back_with_owner_and_rights(server: Server, tmp_path: Path) -> None:
    dump = tmp_path / "emberwatch.dump"
    server.tool("pg_dump", "-U", "postgres", "-Fc", "-f", str(dump), "emberwatch")
    server.tool("createdb", "-U", "postgres", "--owner=emberwatch", "restored")
    server.tool("pg_restore", "-U", "postgres", "--dbname=restored", str(dump))
    admin = server.url("postgres", "POSTGRES_PASSWORD", "postgres")
    ask(admin, "REVOKE ALL ON DATABASE restored FROM PUBLIC", f"GRANT CONNECT ON DATABASE restored TO {READER}")
    owner = server.url("emberwatch", "DATABASE_PASSWORD", "restored")
    assert migrate(owner) == (head(), head())
    reader = server.url(READER, "GRAFANA_DATABASE_PASSWORD", "restored")
    assert ask(reader, "SELECT count(*) FROM report.device_health") == ask(
        owner, "SELECT count(*) FROM report.device_health"
    )
    server.tool("dropdb", "-U", "postgres", "--force", "restored")


def test_without_a_password_nothing_is_made(server: Server) -> None:
    refused = server.run_script(GRAFANA_DATABASE_PASSWORD="")
    assert refused.returncode != 0
    assert "GRAFANA_DATABASE_PASSWORD" in refused.stderr
