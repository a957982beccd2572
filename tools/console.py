"""The console's sources into the files that the wheel ships.

python tools/console.py build    types, tests, bundle → service/ember_service/web/static
python tools/console.py check    the same, and fails unless the shipped files are just what the sources give
"""

import filecmp
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))
from npm import npm

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = ROOT / "service" / "console"
SHIPPED: Final = ROOT / "service" / "ember_service" / "web" / "static"


def build(target: Path) -> int:
    """Bundle into `target`, which is emptied first."""
    return npm(SOURCES, "run", "--silent", "build", "--", "--outDir", str(target), "--emptyOutDir")


def check() -> int:
    """Types and unit tests, then whether a fresh bundle equals the shipped one."""
    if status := npm(SOURCES, "run", "--silent", "check"):
        return status
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "static"
        if status := build(fresh):
            return status
        differing = _differences(fresh, SHIPPED)
    if differing:
        print(f"The shipped console is not what its sources give ({', '.join(differing)}): run `make console`.")
    return bool(differing)


def _differences(fresh: Path, shipped: Path) -> list[str]:
    names = {str(p.relative_to(top)) for top in (fresh, shipped) for p in top.rglob("*") if p.is_file()}
    _, unequal, missing = filecmp.cmpfiles(fresh, shipped, names, shallow=False)
    return sorted({*unequal, *missing})


def main() -> int:
    """Run one of both."""
    match sys.argv[1:]:
        case ["build"]:
            return build(SHIPPED)
        case ["check"]:
            return check()
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
