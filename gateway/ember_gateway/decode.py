"""From a message to what it says, or why it was set aside. Nothing that a device sends raises here."""

import logging

from ember_base.mqtt import Incoming
from ember_wire.dialects import native
from ember_wire.dialects.base import Decoded, Reason, Reject
from ember_wire.topics import BadNameError, parse_device_topic

log = logging.getLogger(__name__)
LEAVES = ("telemetry", "alarm", "status")


def decode(message: Incoming) -> Decoded:
    """Take one message apart. `device` is empty where the topic names none that can be kept."""
    try:
        topic = parse_device_topic(message.topic)
        if topic is None or topic.leaf not in LEAVES:
            return _refused(_topic_reason(message.topic))
        if not message.payload and topic.leaf == "status":
            return Decoded(topic.device)  # a retained status taken back
        return native.decode(topic.device, topic.leaf, message.payload)
    except BadNameError as error:
        return _refused(Reject(Reason.BAD_NAME, f"device name: {error}"))
    except Exception as error:  # a fault of ours must not stop the stream
        log.exception("a message on %s could not be decoded", message.topic)
        return _refused(internal(error))


def internal(error: Exception) -> Reject:
    """Set aside what we, not the device, got wrong."""
    return Reject(Reason.INTERNAL, f"a fault of the gateway: {error!r}; please report it")


def _topic_reason(topic: str) -> Reject:
    if topic.startswith("ew/v1/dev/") and topic.rpartition("/")[2] in LEAVES:
        return Reject(Reason.BAD_NAME, "device name: '/' must not stand in a name")
    return Reject(Reason.UNKNOWN_TOPIC, "nothing is expected here; devices speak on ew/v1/dev/{device}/telemetry")


def _refused(reject: Reject) -> Decoded:
    return Decoded("", rejects=[reject])
