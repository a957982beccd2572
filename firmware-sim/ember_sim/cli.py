"""`emberwatch sim …`: play a scenario, a fleet or a load against any broker; print a district or a ground truth."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ember_base.log import set_up
from ember_sim import district
from ember_sim.connection import Broker, BrokerError
from ember_sim.fleet import Fleet, wall_clock
from ember_sim.load import Load, play
from ember_sim.scenario import ScenarioError, load, shipped
from ember_sim.truth import ground_truth
from ember_sim.world import Playing, World

log = logging.getLogger(__name__)

_TRUTH_START = 1_767_578_400_000  # a Monday, ten in the morning in the district: any moment will do, the same each time


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 well, 1 not all acknowledged, 2 wrong arguments or no broker."""
    parser = argparse.ArgumentParser(prog="emberwatch sim", description=__doc__)
    add_commands(parser.add_subparsers(dest="sim_command", required=True))
    arguments = parser.parse_args(argv)
    handler: Callable[[argparse.Namespace], int] = arguments.handler
    return handler(arguments)


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the simulator's commands; each sets `handler`, which takes the parsed arguments and gives the exit code."""
    known = ", ".join(shipped())
    run = _command(subparsers, "run", _run, "play a scenario with just its own devices, then end")
    run.add_argument("scenario", metavar="SCENARIO", help=f"a YAML file, or one of: {known}")
    _district_options(run)
    _story_options(run, delay=0.0)
    _broker_options(run)

    fleet = _command(subparsers, "fleet", _fleet, "run the devices of the demo district on ordinary days")
    _district_options(fleet)
    fleet.add_argument(
        "--own", type=int, default=0, help="so many devices get a connection and a last will of their own"
    )
    fleet.add_argument("--seconds", type=float, help="end after so long (default: at SIGTERM or Ctrl-C)")
    _broker_options(fleet)

    demo = _command(subparsers, "demo", _demo, "the fleet, with a scenario in it after a while")
    _district_options(demo)
    demo.add_argument("--scenario", default="smouldering-fire", help=f"a YAML file, or one of: {known}")
    _story_options(demo, delay=60.0)
    demo.add_argument("--register", type=Path, help="write the district's register to this file first")
    _broker_options(demo)

    heavy = _command(subparsers, "load", _load, "so many messages a second at QoS 1; fails unless all are acknowledged")
    heavy.add_argument("--rate", type=float, default=100.0, help="messages a second (default %(default)s)")
    heavy.add_argument("--seconds", type=float, default=10.0, help="for so long (default %(default)s)")
    heavy.add_argument("--devices", type=int, default=500, help="sent by so many devices in turn (default %(default)s)")
    heavy.add_argument("--connections", type=int, default=4, help="over so many connections (default %(default)s)")
    heavy.add_argument("--prefix", default="load", help="devices are called PREFIX-0 and so on (default %(default)s)")
    heavy.add_argument("--channel", default="temperature", help="the channel that is sent (default %(default)s)")
    heavy.add_argument("--patience", type=_positive, default=10.0, help="s to wait for the last PUBACK (default 10)")
    heavy.add_argument("--json", action="store_true", help="print the result as JSON")
    _broker_options(heavy, log_level="error")

    plan = _command(subparsers, "district", _print_district, "print the demo district's register as JSON")
    _district_options(plan)

    truth = _command(
        subparsers,
        "truth",
        _truth,
        "print a scenario's ground truth as JSON: what really happens, and when its detectors will say so. "
        "It does not yet compare that with the alarms that were raised",
    )
    truth.add_argument("scenario", metavar="SCENARIO", help=f"a YAML file, or one of: {known}")
    truth.add_argument("--start", type=int, default=_TRUTH_START, help="ms since the epoch (default: a Monday in 2026)")
    _district_options(truth)
    truth.add_argument("--stretch", type=_positive, default=1.0, help="play it so many times slower (default 1)")


def _command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    work: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    def handler(arguments: argparse.Namespace) -> int:
        try:
            return work(arguments)
        except (ScenarioError, BrokerError, ValueError, OSError) as error:
            sys.stderr.write(f"emberwatch sim {name}: {error}\n")
            return 2
        except KeyboardInterrupt:
            return 130

    parser = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(handler=handler)
    return parser


def _district_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", type=int, default=200, help="devices of the district (default %(default)s)")
    parser.add_argument("--workshops", type=int, default=60, help="its workshops (default %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=7, help="the same seed makes the same district (default %(default)s)"
    )
    parser.add_argument("--period", type=_positive, default=5.0, help="s between reports (default %(default)s)")
    parser.add_argument("--webhook-base", help="contacts of the register get the webhook BASE/{contact}")


def _story_options(parser: argparse.ArgumentParser, delay: float) -> None:
    parser.add_argument("--delay", type=float, default=delay, help="s until the scenario starts (default %(default)s)")
    parser.add_argument("--stretch", type=_positive, default=1.0, help="play it so many times slower (default 1)")


def _broker_options(parser: argparse.ArgumentParser, log_level: str = "info") -> None:
    environment = os.environ
    url = environment.get("EMBERWATCH_MQTT_URL", "mqtt://127.0.0.1:1883")
    version = environment.get("EMBERWATCH_MQTT_VERSION", "5")
    parser.add_argument("--mqtt-url", default=url, help="mqtt[s]://[user:password@]host[:port]; EMBERWATCH_MQTT_URL")
    parser.add_argument("--mqtt-version", default=version, help="5 or 3.1.1; EMBERWATCH_MQTT_VERSION")
    parser.add_argument("--name", default="ember-sim", help="makes client ids of hubs: one for each fleet at a broker")
    parser.add_argument("--log-level", default=log_level, choices=("debug", "info", "warning", "error"))


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _plan(arguments: argparse.Namespace) -> dict[str, Any]:
    return district.plan(
        arguments.seed,
        arguments.devices,
        arguments.workshops,
        webhook_base=arguments.webhook_base,
        period=arguments.period,
    )


def _playing(arguments: argparse.Namespace, start: int) -> Playing:
    return Playing(load(arguments.scenario), start, arguments.stretch)


def _run(arguments: argparse.Namespace) -> int:
    playing = _playing(arguments, wall_clock() + round(arguments.delay * 1000))
    world = World(_plan(arguments), arguments.seed, playing, cast_only=True)
    seconds = (playing.end - wall_clock()) / 1000 + arguments.period + 1  # one more report, back to normal
    return _play(arguments, world, own=playing.scenario.devices, seconds=seconds)


def _fleet(arguments: argparse.Namespace) -> int:
    world = World(_plan(arguments), arguments.seed)
    own = [spot.device for spot in world.spots[: max(0, arguments.own)]]
    return _play(arguments, world, own=own, seconds=arguments.seconds)


def _demo(arguments: argparse.Namespace) -> int:
    plan = _plan(arguments)
    if arguments.register:
        arguments.register.write_bytes(msgspec.json.encode(plan))
    playing = _playing(arguments, wall_clock() + round(arguments.delay * 1000))
    if not arguments.devices:
        raise ValueError("a demo needs a device at least; for none, start no simulator")
    playing = playing.cast_from({device["id"] for device in plan["devices"]})
    return _play(arguments, World(plan, arguments.seed, playing), own=playing.scenario.devices, seconds=None)


def _play(arguments: argparse.Namespace, world: World, *, own: Collection[str], seconds: float | None) -> int:
    set_up("sim", arguments.log_level)
    broker = Broker.of(arguments.mqtt_url, arguments.mqtt_version)
    asyncio.run(_until_stopped(world, broker, own, arguments.name, seconds))
    return 0


async def _until_stopped(world: World, broker: Broker, own: Collection[str], name: str, seconds: float | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    fleet = Fleet(world, broker, own=own, name=name)
    if world.playing:
        story = world.playing.scenario
        away = max(0.0, (world.playing.start - wall_clock()) / 1000)
        log.info("%s starts in %.0f s in %s", story.name, away, story.workshop)
    log.info("%d devices over %d connections to %s", len(fleet.nodes), len(fleet.lines), broker)
    await fleet.run(stop)
    log.info("stopped; %d messages acknowledged", fleet.acked)


def _load(arguments: argparse.Namespace) -> int:
    set_up("sim", arguments.log_level)
    wanted = Load(
        rate=arguments.rate,
        seconds=arguments.seconds,
        devices=arguments.devices,
        connections=min(arguments.connections, arguments.devices),
        prefix=arguments.prefix,
        channel=arguments.channel,
        patience=arguments.patience,
    )
    result = asyncio.run(play(wanted, Broker.of(arguments.mqtt_url, arguments.mqtt_version)))
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        sys.stdout.write(
            f"{result.acked} of {result.sent} acknowledged in {result.seconds:.2f} s, {result.rate:.0f} a second; "
            f"to PUBACK p50 {result.p50_ms:.2f} ms, p99 {result.p99_ms:.2f} ms, longest {result.max_ms:.2f} ms\n"
        )
    return 0 if result.acked == result.sent else 1


def _print_district(arguments: argparse.Namespace) -> int:
    _print_json(_plan(arguments))
    return 0


def _truth(arguments: argparse.Namespace) -> int:
    _print_json(ground_truth(World(_plan(arguments), arguments.seed, _playing(arguments, arguments.start))))
    return 0


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
