"""What ails the evaluator, in words for machines and sentences for people."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ember_service.alarms.board import Board
from ember_service.notify.model import Channel
from ember_service.notify.outbox import Standing
from ember_service.notify.plan import Addressees

OUTBOX_GROWING: Final = 500
ARCHIVE_GROWING: Final = 10_000
DISK_LEAST_BYTES: Final = 256 * 1024 * 1024
CLOCK_AHEAD_S: Final = 5.0
_NAMED: Final = 5


def of_people(board: Board, addressees: Addressees) -> dict[str, str]:
    """Workshops with an open alarm that nobody of their own can be told of."""
    alone = sorted(workshop for workshop in board.with_alarms() if not addressees.reachable(workshop))
    if not alone:
        return {}
    return {"no_contact": f"There is an open alarm and no contact to tell for: {_some(alone)}. Add contacts for them."}


def of_channels(addressees: Addressees, *, mail: bool, secret: bool) -> dict[str, str]:
    """Channels that contacts ask for and that are not set up."""
    found = {}
    if not mail and addressees.uses(Channel.MAIL):
        found["mail_not_configured"] = "No mail goes out: set EMBERWATCH_SMTP_URL."
    if not secret and addressees.uses(Channel.WEBHOOK):
        found["webhook_unsigned"] = "Webhooks go out without a signature: set EMBERWATCH_WEBHOOK_SECRET."
    return found


def of_outbox(standing: Standing, fault: str) -> dict[str, str]:
    """Messages that do not get through."""
    found = {}
    if standing.pending > OUTBOX_GROWING:
        found["outbox_growing"] = f"{standing.pending} messages wait to be told."
    if standing.failing:
        failing = _some([f"{name} ({why})" for name, why in dict(standing.failing).items()])
        found["delivery_failing"] = f"Messages do not reach: {failing}."
    if fault:
        found["outbox_failing"] = f"The outbox {fault}."
    return found


def of_disk(folder: Path, archive_pending: int) -> dict[str, str]:
    """A disk that fills, and an archive's queue that grows."""
    found = {}
    free = shutil.disk_usage(folder).free
    if free < DISK_LEAST_BYTES:
        found["disk_filling"] = f"Only {free // 1024 // 1024} MiB are free in the data folder."
    if archive_pending > ARCHIVE_GROWING:
        found["archive_growing"] = f"{archive_pending} steps of alarms wait for the database."
    return found


def of_clock(ahead: float) -> dict[str, str]:
    if ahead <= CLOCK_AHEAD_S:
        return {}
    return {"clock_set_back": f"The machine's clock was set back by {ahead:.0f} s; alarms' times run ahead of it."}


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
