"""Fixtures that every test may take, and which tests share a worker."""

import pytest

pytest_plugins = ["tests.support.broker", "tests.support.database"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests run in order on one worker, since they share its parts; those from outside share one demo."""
    for item in items:
        file = str(item.path)
        item.add_marker(pytest.mark.xdist_group("demo" if "/acceptance/" in file else file))
