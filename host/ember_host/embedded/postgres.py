"""A PostgreSQL of our own for the demo and the tests: made, started, stopped and healed without any installed service.

TCP on loopback with a password (SCRAM): a socket's path has at most 107 bytes, and trust on a port lets every local
user in. As root it runs as `nobody`; no user is added, and no folder above its own is touched. Where a closed home lies
above it, the programs are copied (if those alone are closed), or it keeps the right to pass closed folders (Linux).
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import asyncpg

from ember_host.embedded import launch
from ember_host.embedded.binaries import Binaries, find_binaries
from ember_host.embedded.leftovers import clear
from ember_host.supervisor import Part

USER: Final = "emberwatch"
DATABASE: Final = "emberwatch"
STOP_S: Final = 10.0
START_S: Final = 30.0
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # In files of the data folder: nothing is left in /dev/shm after a kill -9, and small containers have none to spare.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "jit": "off",
}
_IN_HASTE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedPostgres:
    """One cluster in `folder`, on a loopback port. `durable=False` is for tests: faster, and lost with the machine.

    `prepare`, then either `part` for the supervisor, or `start` and `stop`.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *, binaries: Binaries | None = None, durable: bool = True
    ) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._port = port or free_port()
        self._durable = durable
        self._given = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._prefix = [sys.executable, launch.__file__, "--"]
        self._binaries: Binaries | None = None

    @property
    def what(self) -> str:
        """Name and version, for people; after `prepare`."""
        return str(self._ready())

    @property
    def url(self) -> str:
        """`postgresql://…` of the database `emberwatch`, with its password; after `prepare`."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The same for another database of this cluster."""
        password = (self._folder / "password").read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self._port}/{database}"

    def prepare(self) -> None:
        """Make the cluster where there is none yet, and find how to run it. Blocks, up to seconds.

        Raises FileNotFoundError where no PostgreSQL (of the data's version) is to be had, PermissionError where no
        user but root could reach the folder, RuntimeError with initdb's words where it fails.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        version = self._data / "PG_VERSION"
        self._binaries = self._given or find_binaries(int(version.read_text()) if version.exists() else None)
        if os.geteuid() == 0:
            self._become_nobody(self._binaries)
        if not version.exists():
            self._make()
        clear(self._data)

    def part(self) -> Part:
        """For the supervisor, as part `database`; after `prepare`. SIGINT is PostgreSQL's fast shutdown."""
        command = tuple(self._command())
        return Part("database", command, stage=0, stop_signal=signal.SIGINT, before=lambda: clear(self._data))

    async def answers(self) -> bool:
        """Whether it takes connections now."""
        try:
            connection = await asyncpg.connect(self.url, timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    def start(self) -> int:
        """Start as a child of this process and wait until it takes connections; return its process id.

        On Linux it ends with the thread that called this. Raises RuntimeError with its words where it does not start.
        """
        self.stop()
        clear(self._data)
        command = self._command()
        log = self._folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + START_S
        pid_file = self._data / "postmaster.pid"
        while time.monotonic() < deadline and self._process.poll() is None:
            # Its eighth line is the state; the pid file is of this start, since `clear` removed an old one.
            if pid_file.exists() and pid_file.read_text().splitlines()[7:8] == ["ready   "]:
                return self._process.pid
            time.sleep(0.005)
        self.stop()
        raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """End it: fast, or after ten seconds hard. Nothing happens where it does not run."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            clear(self._data)
        self._process = None

    def _ready(self) -> Binaries:
        if self._binaries is None:
            raise RuntimeError("call prepare() first")
        return self._binaries

    def _command(self) -> list[str]:
        settings = {**_SETTINGS, **({} if self._durable else _IN_HASTE), "port": str(self._port)}
        pairs = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [*self._prefix, str(self._ready().folder / "postgres"), "-D", str(self._data), *pairs]

    def _become_nobody(self, binaries: Binaries) -> None:
        user = pwd.getpwnam("nobody")
        ids = ["--user", str(user.pw_uid), str(user.pw_gid)]
        self._prefix = [sys.executable, launch.__file__, *ids, "--"]
        program = [str(binaries.folder / "postgres"), "--version"]
        enter = ["/bin/sh", "-c", 'cd "$0"', str(self._folder)]
        if not self._works(enter):
            self._prefix = [sys.executable, launch.__file__, *ids, "--through", "--"]
            if sys.platform != "linux" or not self._works(enter) or not self._works(program):
                raise PermissionError(
                    f"PostgreSQL must not run as root, and user {user.pw_name} cannot reach {self._folder}:"
                    " give a DATA_DIR outside of closed folders, or do not run as root"
                )
        elif not self._works(program):
            self._binaries = binaries.copied_to(self._folder / "programs")
        if self._data.exists() and self._data.stat().st_uid != user.pw_uid:
            _give(self._data, user.pw_uid, user.pw_gid)

    def _works(self, command: list[str]) -> bool:
        return subprocess.run([*self._prefix, *command], capture_output=True, check=False).returncode == 0

    def _make(self) -> None:
        """initdb beside, then renamed: a start that was killed leaves nothing half made."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self._folder / "password"
        password.touch(0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n")
        handed = fresh.with_name("password.new")  # initdb reads it as its own user
        handed.touch(0o600)
        handed.write_text(password.read_text())
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            _give(fresh, user.pw_uid, user.pw_gid)
            _give(handed, user.pw_uid, user.pw_gid)
        initdb = [str(self._ready().folder / "initdb"), "-D", str(fresh), "-U", USER, "-E", "UTF8", "--no-locale"]
        self._run([*initdb, "-A", "scram-sha-256", "--pwfile", str(handed), *([] if self._durable else ["-N"])])
        handed.unlink()
        single = [str(self._ready().folder / "postgres"), "--single", "-D", str(fresh), "postgres"]
        self._run(single, f"CREATE DATABASE {DATABASE}\n")
        fresh.rename(self._data)

    def _run(self, command: list[str], given: str = "") -> None:
        done = subprocess.run([*self._prefix, *command], input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def _give(path: Path, uid: int, gid: int) -> None:
    """Make `path`, and all below it, belong to a user."""
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(folder) / name, uid, gid, follow_symlinks=False)
    os.chown(path, uid, gid)
