"""Messages to people, as plain values."""

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from ember_wire.alarms import AlarmClass, AlarmRecord


class Channel(StrEnum):
    """The ways to a contact."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class State(StrEnum):
    """Where a message stands. `unknown`: the last try had no answer to rely on; it is tried again, or given up."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNKNOWN = "unknown"


DONE: Final = (State.DELIVERED, State.REFUSED)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell one contact by one channel. `id` is a hash: queueing it twice is queueing it once.

    `attempts`: tries before this one. `repeat`: an earlier try may have arrived, and this one says so.
    """

    id: str
    alarm: AlarmRecord
    transition: str
    kind: str
    contact: str
    contact_name: str
    channel: Channel
    address: str
    language: str
    subject: str
    text: str
    queued: int
    attempts: int = 0
    repeat: bool = False

    @property
    def urgent(self) -> bool:
        """Fires go by lanes of their own."""
        return self.alarm.class_ is AlarmClass.FIRE


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one try. `arrived`: an unknown result after which it may have got there all the same."""

    state: State
    reason: str = ""
    arrived: bool = False


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message as table `message` keeps it; times in ms. `revision` counts its changes."""

    id: str
    alarm: str
    transition: str
    contact: str
    contact_name: str
    channel: str
    address: str
    language: str
    subject: str
    text: str
    state: str
    reason: str | None
    attempts: int
    queued: int
    sent: int | None
    revision: int


class Sender(Protocol):
    """A channel. `send` never raises for what the other side does: it returns what became of it."""

    async def send(self, message: Message) -> Result: ...


def delivered() -> Result:
    return Result(state=State.DELIVERED)


def refused(why: str) -> Result:
    """The other side will not take it, however often it is tried."""
    return Result(state=State.REFUSED, reason=why)


def unknown(why: str, *, arrived: bool = False) -> Result:
    """No answer to rely on: try again."""
    return Result(state=State.UNKNOWN, reason=why, arrived=arrived)
