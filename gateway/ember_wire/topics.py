"""MQTT topics of contract.md, built and taken apart in one place."""

from functools import lru_cache
from typing import Final, NamedTuple

ROOT: Final = "ew/v1"

DEVICE_FILTERS: Final = (f"{ROOT}/dev/+/telemetry", f"{ROOT}/dev/+/status", f"{ROOT}/dev/+/+/+/#")
"""What devices say; the last catches names with a `/`, which would vanish in silence otherwise."""
DEVICE_ALARM_FILTER: Final = f"{ROOT}/dev/+/alarm"
"""Taken by a session of its own, so that it waits behind no backlog."""
STREAM_READINGS_FILTER: Final = f"{ROOT}/stream/readings/+"
STREAM_HEARTBEAT_FILTER: Final = f"{ROOT}/stream/heartbeat/+"
STREAM_TRANSITIONS: Final = f"{ROOT}/stream/transitions/all"
STREAM_COMMANDS: Final = f"{ROOT}/stream/commands/do"
STREAM_REGISTRY: Final = f"{ROOT}/stream/registry/changed"
ALARMS_FILTER: Final = f"{ROOT}/alarms/+"
ALARMS_HEALTH: Final = f"{ROOT}/alarms/health"
UNASSIGNED: Final = "unassigned"
"""Stands for the workshop of a device that nobody adopted yet."""
SYSTEM: Final = "system"
"""Stands for the workshop of troubles of the product itself."""

MAX_NAME: Final = 128
_FORBIDDEN = frozenset("/#+\0")


class DeviceTopic(NamedTuple):
    """A device's topic taken apart: `ew/v1/dev/{device}/{leaf}`."""

    device: str
    leaf: str


class BadNameError(ValueError):
    """A device, channel or gateway name that cannot stand in a topic; says which sign is wrong."""


@lru_cache(maxsize=65_536)
def check_name(name: str) -> str:
    """Return `name`, or raise BadNameError: 1 to 128 characters, none of `/ # + NUL` nor a control character."""
    if not name:
        raise BadNameError("a name must not be empty")
    if len(name) > MAX_NAME:
        raise BadNameError(f"a name has at most {MAX_NAME} characters, this one {len(name)}")
    for sign in name:
        if sign in _FORBIDDEN or not sign.isprintable():
            raise BadNameError(f"{sign!r} must not stand in a name")
    return name


def parse_device_topic(topic: str) -> DeviceTopic | None:
    """Take a device's topic apart; None where it is not one. Raises BadNameError for a name that cannot be kept."""
    parts = topic.split("/")
    if len(parts) != 5 or parts[0] != "ew" or parts[1] != "v1" or parts[2] != "dev":
        return None
    return DeviceTopic(check_name(parts[3]), parts[4])


def telemetry(device: str) -> str:
    return f"{ROOT}/dev/{check_name(device)}/telemetry"


def alarm(device: str) -> str:
    return f"{ROOT}/dev/{check_name(device)}/alarm"


def status(device: str) -> str:
    return f"{ROOT}/dev/{check_name(device)}/status"


def stream_readings(gateway: str) -> str:
    return f"{ROOT}/stream/readings/{check_name(gateway)}"


def stream_heartbeat(gateway: str) -> str:
    return f"{ROOT}/stream/heartbeat/{check_name(gateway)}"


def stream_command_answers(replica: str) -> str:
    """Where the evaluator answers the commands that one API replica sent."""
    return f"{ROOT}/stream/commands/done-{check_name(replica)}"


def alarms(workshop: str) -> str:
    """Retained: the open alarms of one workshop, for screens, sirens and relays."""
    return f"{ROOT}/alarms/{check_name(workshop)}"
