"""One process: a wrong setting is a line and status 2, a signal is a clean end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port

SETTINGS = """
import asyncio, sys
from ember_base.settings import SettingsError
from ember_host.process import run
async def main(settings, stop):
    async with asyncio.TaskGroup() as group:
        group.create_task(fail())
async def fail():
    raise SettingsError("EMBERWATCH_X: expected a Y")
sys.exit(run("x", main))
"""


def start(*words: str, **environment: str) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMBERWATCH_")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", *words],
        env={**kept, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gateway(folder: Path, **environment: str) -> "subprocess.Popen[str]":
    given = {
        "EMBERWATCH_DATA_DIR": str(folder),
        "EMBERWATCH_GATEWAY_METRICS_PORT": str(free_port()),
        "EMBERWATCH_MQTT_URL": f"mqtt://127.0.0.1:{free_port()}",
        "EMBERWATCH_DATABASE_URL": f"postgresql://nobody:secret@127.0.0.1:{free_port()}/x",
        **environment,
    }
    return start("-m", "ember_host.cli", "gateway", **given)


def refusal(process: "subprocess.Popen[str]") -> str:
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2, err
    return err


@pytest.mark.parametrize(
    ("name", "value"),
    [("MQTT_URL", "nonsense"), ("DATA_DIR", "/dev/null")],
)
def test_a_wrong_setting_is_refused_with_its_name_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    err = refusal(gateway(tmp_path, **{f"EMBERWATCH_{name}": value}))
    assert re.fullmatch(rf"EMBERWATCH_{name}: .+\n", err)


def test_a_metrics_port_that_is_taken_is_refused_with_its_name(tmp_path: Path) -> None:
    port = str(free_port())
    first = gateway(tmp_path / "1", EMBERWATCH_GATEWAY_METRICS_PORT=port)
    try:
        assert first.stderr is not None
        assert "no broker answers" in first.stderr.readline() + first.stderr.readline()
        err = refusal(gateway(tmp_path / "2", EMBERWATCH_GATEWAY_METRICS_PORT=port))
        assert re.match(r"EMBERWATCH_GATEWAY_METRICS_PORT: .*choose a free port\n", err)
        err = refusal(gateway(tmp_path / "1"))
        assert err.startswith("EMBERWATCH_DATA_DIR: another gateway runs on")
    finally:
        first.terminate()
        first.communicate(timeout=20)
    assert first.returncode == 0


def test_a_wrong_setting_found_deep_inside_is_one_line_too() -> None:
    assert refusal(start("-c", SETTINGS)) == "EMBERWATCH_X: expected a Y\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_gateway_that_found_neither_broker_nor_database(tmp_path: Path, number: int) -> None:
    process = gateway(tmp_path)
    assert process.stderr is not None
    told = ""
    while "no broker answers" not in told or "the database is late or away" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    assert "secret" not in told
    process.send_signal(number)
    _, err = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "Traceback" not in told + err
