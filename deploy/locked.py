"""Print the part of requirements.lock, hashes and all, that the given packages need; without any, that of the product.

The lock file holds the tools of development too, which have no place in an image.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def name_of(requirement: str) -> str:
    """The normalised name of a requirement such as `SQLAlchemy[asyncio]>=2.1`."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    if found is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def blocks(lock: str) -> list[str]:
    """The lock file cut into a text a requirement: its pin, its hashes, and who needs it."""
    return [block for block in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE) if block.strip()]


def needed_by(block: str) -> set[str]:
    """The names behind `# via`."""
    return {name_of(line) for line in re.findall(r"^    #(?: via)? +([a-z0-9][^\s(]*)", block, re.MULTILINE)}


def closure(lock: str, roots: set[str]) -> str:
    """The blocks of `roots` and of all that they need, in the lock file's order."""
    everything = blocks(lock)
    wanted = set(roots)
    while more := {name_of(block) for block in everything if needed_by(block) & wanted} - wanted:
        wanted |= more
    missing = roots - {name_of(block) for block in everything}
    if missing:
        raise ValueError(f"not in requirements.lock: {', '.join(sorted(missing))}")
    return "".join(block for block in everything if name_of(block) in wanted)


def main(packages: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    roots = {name_of(text) for text in packages or project["dependencies"]}
    sys.stdout.write(closure((ROOT / "requirements.lock").read_text("utf-8"), roots))


if __name__ == "__main__":
    main(sys.argv[1:])
