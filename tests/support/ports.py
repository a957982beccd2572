"""Loopback ports for parts that tests start."""

import socket


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    return free_ports(1)


def free_ports(count: int = 2) -> int:
    """The first of `count` ports in a row that nobody listens on now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if all(_is_free(number) for number in range(port, port + count)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True
