"""One demo for all tests in here, on a data folder of its own."""

from collections.abc import Iterator

import pytest

from tests.acceptance.outside import Demo, start_demo, stop_demo


@pytest.fixture(scope="session", params=["embedded"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the session. On the embedded broker, as on a machine without mosquitto."""
    running = start_demo(tmp_path_factory.mktemp("demo"), request.param, SCENARIO_DELAY="10")
    try:
        yield running
    finally:
        if running.process.poll() is None:
            stop_demo(running)
