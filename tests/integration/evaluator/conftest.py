"""One site a test: mosquitto, receivers, and an evaluator's data folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.evaluator.site import Site
from tests.support.broker import RunningBroker, running


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[RunningBroker]:
    """mosquitto, MQTT 5."""
    yield from running("mosquitto", "5", tmp_path / "broker")


@pytest.fixture
async def site(tmp_path: Path, stream: RunningBroker) -> AsyncIterator[Site]:
    made = Site(tmp_path / "data", stream.url)
    made.folder.mkdir()
    await made.open()
    yield made
    await made.close()
