"""The simulator as a process of its own: the load's verdict, and a clean end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from ember_sim.connection import Broker
from ember_sim.load import Load, play

from .conftest import DEADLINE_S, Mosquitto, Observer, free_port

Observe = Callable[[Broker], "asyncio.Future[Observer]"]


@contextmanager
def sim(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "error", "-m", "ember_sim.cli", *arguments]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url(broker: Broker) -> tuple[str, ...]:
    version = "5" if broker.v5 else "3.1.1"
    return ("--mqtt-url", f"mqtt://{broker.host}:{broker.port}", "--mqtt-version", version)


async def test_a_load_is_acknowledged_whole_and_measured(broker: Broker, observe: Observe) -> None:
    observer = await observe(broker)
    result = await play(Load(rate=1000, seconds=1, devices=50, connections=3), broker)
    assert (result.sent, result.acked) == (1000, 1000)
    assert 0 < result.p50_ms <= result.p99_ms <= result.max_ms
    await observer.until(lambda: len(observer.messages) >= 1000)
    assert {device for device, _, _ in observer.messages} == {f"load-{n}" for n in range(50)}
    for n in range(50):
        assert observer.sequence(f"load-{n}") == list(range(20))


def test_load_prints_its_figures(mosquitto: Mosquitto) -> None:
    place = ("--mqtt-url", f"mqtt://127.0.0.1:{mosquitto.port}")
    with sim("load", "--rate", "200", "--seconds", "0.5", "--json", *place) as process:
        out, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["acked"] == 100


def test_load_fails_where_a_message_was_not_acknowledged(mosquitto: Mosquitto) -> None:
    place = ("--mqtt-url", f"mqtt://127.0.0.1:{mosquitto.port}", "--patience", "0.2", "--log-level", "info")
    with sim("load", "--rate", "500", "--seconds", "1.5", "--connections", "1", *place) as process:
        assert process.stderr is not None
        wait_for(process.stderr, "connected")
        mosquitto.kill()
        out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert " of 750 acknowledged" in out


async def test_sigterm_ends_a_fleet_with_a_goodbye_and_no_traceback(broker: Broker, observe: Observe) -> None:
    observer = await observe(broker)
    with sim("fleet", "--devices", "20", "--own", "2", "--period", "0.5", *url(broker)) as process:
        await observer.until(lambda: sum(observer.online().values()) == 20)
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.to_thread(process.communicate, timeout=DEADLINE_S)
    await observer.until(lambda: sum(observer.online().values()) == 0)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "messages acknowledged" in err.splitlines()[-1]


def test_sigterm_ends_a_demo_that_never_found_its_broker() -> None:
    with sim("demo", "--mqtt-url", f"mqtt://127.0.0.1:{free_port()}") as process:
        assert process.stderr is not None
        wait_for(process.stderr, "no broker answers")
        process.terminate()
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert "Traceback" not in err


async def test_run_plays_a_scenario_with_its_own_devices_and_ends(mosquitto: Mosquitto, observe: Observe) -> None:
    broker = Broker.of(f"mqtt://127.0.0.1:{mosquitto.port}")
    observer = await observe(broker)
    with sim("run", "detector-burns", "--stretch", "0.001", "--period", "0.3", *url(broker)) as process:
        _, err = await asyncio.to_thread(process.communicate, timeout=DEADLINE_S)
    assert process.returncode == 0, err
    assert set(observer.online()) == {"ws-07-waste-smoke", "ws-07-casting-call"}


def wait_for(stream: IO[str], text: str) -> None:
    for line in stream:
        if text in line:
            return
    raise AssertionError(f"ended without {text!r}")
