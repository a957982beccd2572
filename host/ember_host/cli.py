"""The command `emberwatch`. Each sub-command imports only what it needs."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from ember_base.settings import SettingsError


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="emberwatch",
        description="Sees a workshop fire coming, and makes sure that a person acts.",
        epilog="Settings come from EMBERWATCH_… variables: `emberwatch settings` lists them.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, does in (
        ("gateway", "devices' messages → stream and database"),
        ("evaluator", "stream → alarms → people"),
        ("service", "HTTP API, live stream and console"),
        ("up", "gateway, evaluator and service as a process group"),
        ("migrate", "bring the database's schema to this version"),
        ("demo", "everything on embedded parts, with a simulated district"),
        ("doctor", "check every part, and say what to do next"),
        ("settings", "list every setting"),
    ):
        commands.add_parser(name, help=does)
    _user_commands(commands.add_parser("user", help="accounts"))
    _register_commands(commands.add_parser("register", help="the register of workshops and devices"))
    sim = commands.add_parser("sim", help="simulated devices against any broker", add_help=False)
    sim.add_argument("rest", nargs=argparse.REMAINDER)
    return top


def _user_commands(user: argparse.ArgumentParser) -> None:
    add = user.add_subparsers(dest="action", required=True).add_parser(
        "add", help="make an account, or set its password anew; the password is asked for, or read from standard input"
    )
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=("admin", "operator", "officer", "owner", "viewer"))
    add.add_argument("--area", help="what an officer or grid member sees")
    add.add_argument("--workshop", help="what an owner sees")


def _register_commands(register: argparse.ArgumentParser) -> None:
    load = register.add_subparsers(dest="action", required=True).add_parser(
        "import",
        help="take over a YAML file of areas, stations, workshops, zones, circuits, devices, channels, contacts",
    )
    load.add_argument("file", type=Path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 1 not well, 2 wrong use."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["sim"]:
        from ember_sim.cli import main as sim

        return sim(words[1:])
    given = parser().parse_args(words)
    try:
        return _run(given)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2


def _run(given: argparse.Namespace) -> int:
    from ember_host import process

    match given.command:
        case "gateway":
            from ember_gateway.gateway import run as gateway

            return process.run("gateway", gateway)
        case "evaluator":
            from ember_service.alarms.evaluator import run as evaluator

            return process.run("evaluator", evaluator)
        case "service":
            from ember_service.server import run as service

            return process.run("service", service)
        case "up":
            from ember_host.up import up

            return process.run("up", up)
        case "demo":
            from ember_host.demo.main import demo

            return demo()
    return _tool(given)


def _tool(given: argparse.Namespace) -> int:
    """The commands that do one thing and end."""
    from ember_host import tools

    match given.command:
        case "migrate":
            return tools.migrate()
        case "settings":
            return tools.settings()
        case "doctor":
            return asyncio.run(tools.doctor())
        case "user":
            return asyncio.run(tools.add_user(given.name, given.role, _password(), given.area, given.workshop))
        case "register":
            return tools.import_register(given.file)
    raise AssertionError(given.command)


def _password() -> str:
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
