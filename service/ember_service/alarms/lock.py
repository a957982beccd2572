"""One evaluator for a data folder: two would tell everything twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ember_base.settings import SettingsError


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel gives it free when the process dies. Raises SettingsError where it is held."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(f"EMBERWATCH_DATA_DIR: {folder} cannot be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(
                f"EMBERWATCH_DATA_DIR: another evaluator runs on {folder}; stop it, or choose another folder"
            ) from None
        yield
    finally:
        os.close(handle)
