"""What several tests of the deployment stand on."""

from collections.abc import Iterator

import pytest

from tests.integration.deploy.database import Server, database


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The database of a site, with the passwords of its .env."""
    with database(tmp_path_factory.mktemp("site")) as made:
        yield made
