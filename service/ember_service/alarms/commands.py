"""Commands as they come over the stream, and the answers that go back."""

from typing import Final

import msgspec

from ember_service.alarms.engine import Commanded, CommandOutcome
from ember_wire import topics
from ember_wire.stream import Answer, Command, StreamError, pack, unpack

_REPLIES: Final = topics.stream_command_answers("x")[:-1]


def read(payload: bytes) -> Command:
    """A command of any API replica. Raises StreamError; also where its answer would go to a topic of others."""
    command = unpack(payload, Command)
    try:
        proper = command.reply == topics.stream_command_answers(command.reply.removeprefix(_REPLIES))
    except topics.BadNameError:
        proper = False
    if not proper:
        raise StreamError(f"command {command.id}: {command.reply!r} is no topic for answers")
    return command


def event(command: Command, now: int) -> Commanded:
    """The command as an event of the engine."""
    return Commanded(
        id=command.id,
        do=command.do,
        alarm=command.alarm,
        who=command.who,
        now=now,
        seen=command.seen,
        detail=command.detail,
    )


def answer(command: Command, outcome: CommandOutcome) -> bytes:
    """What goes back on `command.reply`."""
    alarm = None if outcome.alarm is None else msgspec.to_builtins(outcome.alarm)
    return pack(Answer(id=command.id, refused=outcome.reason, word=outcome.refused, alarm=alarm))
