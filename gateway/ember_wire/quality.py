"""The quality of a reading: what was done to it on its way, as bits. 0 is good."""

from enum import IntFlag


class Quality(IntFlag):
    """Bits of a reading's quality, as stored in `reading.quality`; new ones are only ever added."""

    GOOD = 0
    NO_TIME = 1  # the message had no time: that of arrival stands in
    BAD_TIME = 2  # its time could not be (before 2020, or more than a day ahead): arrival stands in
    RETAINED = 4  # the broker had kept it: a state, perhaps old, not news
    TEST = 8  # the device says that it is being tested
    DERIVED = 16  # calculated by the gateway, as `load` from `current`
    NO_IDENTITY = 32  # neither ts nor boot and seq: a redelivery could be stored twice


def words(quality: int) -> list[str]:
    """The names of the bits that are set, lower case, for people and JSON."""
    return [flag.name.lower() for flag in Quality(quality) if flag.name]
