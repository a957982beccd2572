"""What a killed PostgreSQL leaves behind: children that still end, a server that nobody waits for, a stale pid file.

A server that finds `postmaster.pid` asks only whether that process id lives, not whose it is; after a restart of the
machine or a container it may be anybody's, and the server would refuse to start. Here it is looked at properly first.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

WAIT_S: Final = 3.0


def clear(data: Path) -> None:
    """End every PostgreSQL process that works in `data`, and remove its pid file. The caller holds the folder.

    Raises TimeoutError where one does not end.
    """
    pid_file = data / "postmaster.pid"
    find = _by_folder if sys.platform == "linux" else _by_pid_file
    if find(data):
        _end(data, find, signal.SIGQUIT)
        _end(data, find, signal.SIGKILL)
        if left := find(data):
            raise TimeoutError(f"PostgreSQL processes {left} in {data} do not end")
    pid_file.unlink(missing_ok=True)


def _end(data: Path, find: Callable[[Path], list[int]], how: signal.Signals) -> None:
    for pid in find(data):
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + WAIT_S
    while find(data) and time.monotonic() < deadline:
        time.sleep(0.01)


def _by_folder(data: Path) -> list[int]:
    """Linux: every process named postgres whose working folder is `data`, the server's orphans too."""
    try:
        wanted = data.stat()
    except FileNotFoundError:
        return []
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            works_in = (entry / "cwd").stat()
            if os.path.samestat(works_in, wanted) and (entry / "comm").read_text().startswith("postgres"):
                found.append(int(entry.name))
        except OSError:  # gone meanwhile, or a zombie, or not ours to see
            continue
    return found


def _by_pid_file(data: Path) -> list[int]:
    """Elsewhere: the server itself, if the process of its pid file is one. Its orphans end by themselves at once."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return []
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return [pid] if "postgres" in shown.stdout and str(data) in shown.stdout else []
