"""Each file of this folder is a test: rules, timed readings and commands, and the transitions that must come."""

from pathlib import Path

import pytest

from tests.support.scenario import load, play

FILES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = load(path)
    assert play(scenario) == scenario.expect
