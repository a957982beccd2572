"""Become another program: `launch.py [--user UID GID [--through]] -- PROGRAM ARGUMENT…`, in this very process.

What must be settled between fork and exec: PostgreSQL refuses to be root, and should end with the process that started
it, even if that is killed. Run as a file, on the standard library alone. On Linux it asks for SIGQUIT at its parent's
end: PostgreSQL's immediate shutdown, which frees its shared memory. `--through` (Linux) keeps the one capability that
leads through closed folders: needed where everything lies in root's own home.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PDEATHSIG: Final = 1
_KEEPCAPS: Final = 8
_CAPBSET_READ: Final = 23
_CAP_AMBIENT: Final = 47
_RAISE: Final = 2
_THROUGH: Final = (2, 1)
"""CAP_DAC_READ_SEARCH: read and pass every folder; else CAP_DAC_OVERRIDE, which containers keep."""
_VERSION_3: Final = 0x20080522


def end_with_parent() -> None:
    """Have this process told to end when its parent does; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGQUIT)


def take_user(uid: int, gid: int, *, through: bool = False) -> None:
    """Change from root to another user, for good. Raises OSError where that, or `through`, is not allowed."""
    if through:
        _prctl(_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if through:
        _keep_only(next((cap for cap in _THROUGH if _prctl(_CAPBSET_READ, cap)), _THROUGH[0]))


def _keep_only(capability: int) -> None:
    """Hold one capability, now and after exec; give up all others."""
    mask = 1 << capability
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)  # effective, permitted, inheritable; then the upper halves
    if ctypes.CDLL(None, use_errno=True).capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "the right to pass closed folders cannot be kept")
    _prctl(_CAP_AMBIENT, _RAISE, capability)


def _prctl(option: int, *arguments: int) -> int:
    longs = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    answer: int = ctypes.CDLL(None, use_errno=True).prctl(option, *longs)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")
    return answer


def main(arguments: list[str]) -> None:
    """See the module's text; does not return."""
    options, program = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    if options:
        take_user(int(options[1]), int(options[2]), through="--through" in options)
    end_with_parent()  # after the change of user, which takes it back
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
