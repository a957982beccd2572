"""The command line: what it prints, and how it refuses."""

import json
from pathlib import Path

import pytest

from ember_sim.cli import main
from ember_sim.connection import Broker
from ember_sim.district import plan
from ember_sim.load import Load


def test_truth_prints_what_happens_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["truth", "smouldering-fire", "--start", "1000000"]) == 0
    truth = json.loads(capsys.readouterr().out)
    assert truth["workshop"] == "ws-07"
    assert truth["truth"][0] == {
        "kind": "fire",
        "zone": "ws-07-waste",
        "onset": 1_000_000,
        "until": 1_540_000,
        "expect": {"prewarning": 1_030_000, "fire": 1_045_000},
    }
    assert truth["verdicts"][0]["device"] == "ws-07-waste-smoke"


def test_truth_says_in_its_help_what_it_does_not_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["truth", "--help"])
    assert end.value.code == 0
    assert "does not yet compare" in " ".join(capsys.readouterr().out.split())


def test_district_prints_the_register(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["district", "--devices", "10", "--webhook-base", "http://x"]) == 0
    assert json.loads(capsys.readouterr().out) == plan(7, 10, webhook_base="http://x")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["truth", "nothing"], "no scenario 'nothing'"),
        (["run", "nothing"], "no scenario 'nothing'"),
        (["run", "smouldering-fire", "--devices", "2"], "which this district of 2 devices does not have"),
        (["fleet", "--devices", "-1"], "a district has"),
        (["fleet", "--mqtt-url", "http://x"], "an MQTT URL is"),
        (["fleet", "--mqtt-version", "4"], "5 or 3.1.1"),
        (["demo", "--devices", "0"], "needs a device"),
        (["load", "--seconds", "1e9"], "a load lasts"),
        (["load", "--prefix", "a/b"], "'/' must not stand in a name"),
    ],
)
def test_wrong_use_is_refused_in_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"emberwatch sim {arguments[0]}: ")
    assert says in line


def test_a_password_in_a_wrong_url_is_not_shown() -> None:
    with pytest.raises(ValueError, match="an MQTT URL is") as caught:
        Broker.of("amqp://user:geheim@host")
    assert "geheim" not in str(caught.value)


def test_a_broker_url_is_taken_apart() -> None:
    assert Broker.of("mqtt://host") == ("host", 1883, None, None, False, True)
    assert Broker.of("mqtts://u%40x:p%3A@host:99", "3.1.1") == ("host", 99, "u@x", "p:", True, False)


@pytest.mark.parametrize(
    "load",
    [
        Load(rate=0, seconds=1),
        Load(rate=1e9, seconds=1),
        Load(rate=1, seconds=1e9),
        Load(rate=float("nan"), seconds=1),
        Load(rate=1, seconds=1, devices=0),
        Load(rate=1, seconds=1, devices=2, connections=3),
    ],
)
def test_a_load_is_bounded(load: Load) -> None:
    with pytest.raises(ValueError, match="a load"):
        load.check()
