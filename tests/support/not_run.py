"""A test that could not run says so; in CI it fails."""

import os
from typing import NoReturn

import pytest


def not_run(why: str) -> NoReturn:
    """Skip with `why`; with CI=true fail instead."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"could not run: {why}", pytrace=False)
    pytest.skip(f"not run: {why}")
