"""What the demo runs on: ports, and secrets and sign-ins that its data folder keeps from one start to the next."""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Final, Self

import msgspec

from ember_base.disk import atomic_write
from ember_base.settings import SettingsError

_WORDS: Final = ("amber", "birch", "cedar", "delta", "ember", "flint", "grove", "harbor", "kiln", "lantern", "maple")


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the demo. `workshop`: what an owner sees."""

    name: str
    role: str
    password: str
    workshop: str | None = None


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Made at the first start of a data folder."""

    secret_key: str
    webhook_secret: str
    sign_ins: list[SignIn]


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Loopback ports beside those that were asked for."""

    database: int
    gateway_metrics: int
    evaluator_metrics: int
    smtp: int
    webhook: int

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody listens on now."""
        sockets = [socket.socket() for _ in cls.__struct_fields__]
        try:
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            return cls(**{name: s.getsockname()[1] for name, s in zip(cls.__struct_fields__, sockets, strict=True)})
        finally:
            for one in sockets:
                one.close()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for by PORT, MQTT_PORT, DATA_DIR, SENSORS, SCENARIO_DELAY and EMBERWATCH_DEMO_BROKER."""

    port: int
    mqtt_port: int
    data_dir: Path
    sensors: int
    scenario_delay: int
    broker: str

    @classmethod
    def from_environment(cls) -> Self:
        """Read and check; raises SettingsError with the variable's name and what is expected."""
        return cls(
            port=_number("PORT", 8080, 1, 65535),
            mqtt_port=_number("MQTT_PORT", 1883, 1, 65534),
            data_dir=Path(os.environ.get("DATA_DIR") or ".demo").absolute(),
            sensors=_number("SENSORS", 200, 0, 20_000),
            scenario_delay=_number("SCENARIO_DELAY", 60, 0, 86_400),
            broker=_choice("EMBERWATCH_DEMO_BROKER", ("auto", "mosquitto", "embedded")),
        )


def _number(name: str, default: int, least: int, most: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingsError(f"{name}: expected a whole number from {least} to {most} (got {text!r})")
    return int(text)


def _choice(name: str, choices: tuple[str, ...]) -> str:
    text = os.environ.get(name) or choices[0]
    if text not in choices:
        raise SettingsError(f"{name}: expected one of {', '.join(choices)} (got {text!r})")
    return text


def check_port_free(port: int, variable: str) -> None:
    """Raise SettingsError where somebody listens on `port` already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            hint = f"{variable}={port + 10} make demo"
            raise SettingsError(f"{variable}: port {port} cannot be used ({error.strerror}); try {hint}") from None


def load_secrets(path: Path, owner_of: str) -> Secrets:
    """The secrets of a data folder; made, and readable by this user only, where there are none yet."""
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Secrets)
    admin = os.environ.get("EMBERWATCH_ADMIN_PASSWORD") or _password()
    made = Secrets(
        secret_key=os.environ.get("EMBERWATCH_SECRET_KEY") or secrets.token_urlsafe(32),
        webhook_secret=os.environ.get("EMBERWATCH_WEBHOOK_SECRET") or secrets.token_urlsafe(24),
        sign_ins=[
            SignIn(name="admin", role="admin", password=admin),
            SignIn(name="operator", role="operator", password=_password()),
            SignIn(name="owner", role="owner", password=_password(), workshop=owner_of),
        ],
    )
    atomic_write(path, json.dumps(msgspec.to_builtins(made), indent=1).encode())
    path.chmod(0o600)
    return made


def _password() -> str:
    """Easy to type, hard to guess on a loopback port: three words and four digits."""
    return "-".join([*(secrets.choice(_WORDS) for _ in range(3)), f"{secrets.randbelow(10_000):04}"])
