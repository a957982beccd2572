"""The demo's broker: mosquitto where it is installed, else the one embedded in the package `iotcore`.

Both take anonymous clients and listen on loopback only: not for real sites (see deploy/ for those).
"""

import argparse
import os
import pwd
import shutil
import sys
from pathlib import Path
from typing import Final, NamedTuple

from ember_host.supervisor import Part

MESSAGE_BYTES: Final = 1024 * 1024
_MOSQUITTO: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 30
max_inflight_messages 1000
max_queued_messages 200000
max_queued_bytes 268435456
message_size_limit {size}
set_tcp_nodelay true
log_dest stderr
log_type warning
log_type error
user {user}
"""
_RUMQTTD: Final = """\
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
{listeners}
"""
_LISTENER: Final = """\
[{version}.1]
name = "{version}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [{version}.1.connections]
    connection_timeout_ms = 5000
    max_payload_size = {size}
    max_inflight_count = 500
    dynamic_filters = true
"""


class Broker(NamedTuple):
    """How to run and reach a broker. `v5_port` differs from `port` where MQTT 5 has one of its own."""

    part: Part
    what: str
    port: int
    v5_port: int


def mosquitto_program() -> str | None:
    """Where mosquitto is installed, if it is; Debian puts it outside of a user's PATH."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


def broker(folder: Path, port: int, choice: str = "auto") -> Broker:
    """The broker to run on `port`. `choice`: auto, mosquitto or embedded."""
    program = mosquitto_program() if choice != "embedded" else None
    if choice == "mosquitto" and program is None:
        raise FileNotFoundError(
            "mosquitto is not installed: apt-get install mosquitto, or leave EMBERWATCH_DEMO_BROKER"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if program:
        config = folder / "mosquitto.conf"
        user = pwd.getpwuid(os.geteuid()).pw_name
        config.write_text(_MOSQUITTO.format(port=port, folder=folder, size=MESSAGE_BYTES, user=user))
        return Broker(Part("broker", (program, "-c", str(config)), stage=0), "mosquitto", port, port)
    config = folder / "rumqttd.toml"
    listeners = "".join(
        _LISTENER.format(version=version, port=number, size=MESSAGE_BYTES)
        for version, number in (("v4", port), ("v5", port + 1))
    )
    config.write_text(_RUMQTTD.format(listeners=listeners))
    argv = (sys.executable, "-m", "ember_host.embedded.broker", str(config))
    return Broker(Part("broker", argv, stage=0), "embedded broker (iotcore, rumqttd)", port, port + 1)


def main() -> None:
    """The embedded broker as a process of its own; ends by SIGTERM."""
    import logging

    from iotcore.iotcore import IotCoreBroker

    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it logs every packet as an error
    IotCoreBroker(config_path=parser.parse_args().config).run_forever()


if __name__ == "__main__":
    main()
