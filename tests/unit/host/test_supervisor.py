"""Parts that die, that will not end, that cannot be started just now."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from ember_host import supervisor
from ember_host.supervisor import Part, Supervisor
from tests.support.until import until

SLEEPER = "import signal; signal.pause()"
STUBBORN = """
import signal
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Supervisor]:
    made = Supervisor(tmp_path / "run", tmp_path / "log")
    yield made
    await made.stop_all()


def python(name: str, code: str, **more: object) -> Part:
    return Part(name, (sys.executable, "-S", "-E", "-c", code), **more)  # type: ignore[arg-type]


def pid(folder: Path, name: str) -> int:
    return int((folder / "run" / f"{name}.pid").read_text())


def alive(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_killed_part_comes_back_under_a_new_id(kept: Supervisor, tmp_path: Path) -> None:
    await kept.start(python("a", SLEEPER))
    first = pid(tmp_path, "a")
    os.kill(first, signal.SIGKILL)
    await until("it is started again", lambda: pid(tmp_path, "a") != first)
    assert alive(pid(tmp_path, "a"))
    assert kept.restarts == 1


async def test_stopping_ends_every_part_and_removes_its_id(kept: Supervisor, tmp_path: Path) -> None:
    for name in "abc":
        await kept.start(python(name, SLEEPER))
    ids = [pid(tmp_path, name) for name in "abc"]
    await kept.stop("b")
    assert [alive(one) for one in ids] == [True, False, True]
    await kept.stop_all()
    assert not any(map(alive, ids))
    assert list((tmp_path / "run").iterdir()) == []


async def test_higher_stages_end_first(kept: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "ended"
    code = f"""
import signal, sys, time
def end(*_):
    time.sleep(0.05)
    open({str(note)!r}, 'a').write(sys.argv[1])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""
    for name, stage in (("database", 0), ("service", 2), ("gateway", 1)):
        part = python(name, code, stage=stage)
        await kept.start(Part(name, (*part.argv, name[0]), stage=stage))
    logs = [tmp_path / "log" / f"{name}.log" for name in ("database", "service", "gateway")]
    await until("all are up", lambda: all("ready" in log.read_text() for log in logs))
    await kept.stop_all()
    assert note.read_text() == "sgd"


async def test_one_that_will_not_end_is_killed(
    kept: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_S", 0.1)
    await kept.start(python("a", STUBBORN))
    number = pid(tmp_path, "a")
    await until("it ignores signals", lambda: "ready" in (tmp_path / "log" / "a.log").read_text())
    await kept.stop("a")
    assert not alive(number)


async def test_a_part_that_cannot_be_started_again_just_now_is_tried_until_it_can(
    kept: Supervisor, tmp_path: Path
) -> None:
    """An upgrade takes the program away for a moment, and the watch must not end with that."""
    program = tmp_path / "program"
    program.symlink_to(sys.executable)
    await kept.start(Part("a", (str(program), "-S", "-E", "-c", SLEEPER)))
    first = pid(tmp_path, "a")
    program.unlink()
    os.kill(first, signal.SIGKILL)
    await until("it ended", lambda: not alive(first))
    await until("a start was tried in vain", lambda: kept.restarts == 1)
    program.symlink_to(sys.executable)
    await until("it is back", lambda: pid(tmp_path, "a") != first)


async def test_stopping_in_the_midst_of_a_restart_leaves_nothing(kept: Supervisor, tmp_path: Path) -> None:
    part = python("a", "pass")
    await kept.start(part)
    await until("it is started again and again", lambda: kept.restarts >= 1)
    await kept.stop("a")
    assert not [c for c in psutil.Process().children() if c.cmdline()[-1:] == [part.argv[-1]] and alive(c.pid)]


async def test_what_must_be_cleared_is_cleared_before_each_start(kept: Supervisor, tmp_path: Path) -> None:
    cleared: list[None] = []
    await kept.start(python("a", SLEEPER, before=lambda: cleared.append(None)))
    os.kill(pid(tmp_path, "a"), signal.SIGKILL)
    await until("it is started again", lambda: kept.restarts == 1 and len(cleared) == 2)


async def test_environment_and_output(kept: Supervisor, tmp_path: Path) -> None:
    code = "import os; print(os.environ['EMBERWATCH_X'], flush=True); import signal; signal.pause()"
    await kept.start(python("a", code, env={"EMBERWATCH_X": "烟"}))
    await until("it printed", lambda: (tmp_path / "log" / "a.log").read_text() == "烟\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_parts_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
sys.path[:] = {sys.path!r}
from ember_host.supervisor import Part, Supervisor
async def main():
    kept = Supervisor(Path({str(tmp_path / "run")!r}))
    await kept.start(Part("a", (sys.executable, "-S", "-E", "-c", {SLEEPER!r})))
    await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    file = tmp_path / "run" / "a.pid"
    await until("the part runs", lambda: file.exists() and file.read_text().endswith("\n"))
    child = pid(tmp_path, "a")
    parent.kill()
    await parent.wait()
    await until("the part ended too", lambda: not alive(child))
