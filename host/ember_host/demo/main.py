"""`emberwatch demo`: database, broker, evaluator, gateway, service, simulated district, and where alarms arrive."""

import asyncio
import logging
import shlex
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import httpx2

from ember_base import log as logs
from ember_base.database import make_engine
from ember_base.lock import only_one
from ember_base.migrate import migrate
from ember_base.settings import SettingsError
from ember_host.demo.plan import Ports, Secrets, Wanted, check_port_free, load_secrets
from ember_host.embedded.broker import Broker, broker
from ember_host.embedded.postgres import EmbeddedPostgres
from ember_host.supervisor import Part, Supervisor
from ember_host.up import own_parts
from ember_service.auth.repository import ensure_account
from ember_service.register.repository import import_plan
from ember_sim.district import BURNING, plan

log = logging.getLogger(__name__)

READY_S: Final = 60.0
SEED: Final = 7
SCENARIO: Final = "smouldering-fire"


def demo() -> int:
    """Run until Ctrl-C or SIGTERM; 2 where something that was asked for cannot be."""
    logs.set_up("demo", "warning")
    try:
        wanted = Wanted.from_environment()
        with only_one(wanted.data_dir, "demo"):
            return asyncio.run(_Demo(wanted).run())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2


class _Demo:
    def __init__(self, wanted: Wanted) -> None:
        check_port_free(wanted.port, "PORT")
        check_port_free(wanted.mqtt_port, "MQTT_PORT")
        self._wanted = wanted
        self._ports = Ports.free()
        self._secrets = load_secrets(wanted.data_dir / "secrets.json", BURNING)
        self._supervisor = Supervisor(wanted.data_dir / "run", wanted.data_dir / "log")
        self._database = EmbeddedPostgres(wanted.data_dir / "database", self._ports.database)
        self._broker = broker(wanted.data_dir / "broker", wanted.mqtt_port, wanted.broker)
        if self._broker.v5_port != wanted.mqtt_port:
            check_port_free(self._broker.v5_port, "MQTT_PORT")

    async def run(self) -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        started = time.monotonic()
        bringing_up = asyncio.create_task(self._bring_up(), name="bring up")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({bringing_up, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await bringing_up
                self._greet(time.monotonic() - started)
                await stop.wait()
        finally:
            bringing_up.cancel()
            stopping.cancel()
            print("\nStopping …", flush=True)
            await self._supervisor.stop_all()
        return 0

    async def _bring_up(self) -> None:
        """Database and broker first, then what stands on them, each as soon as it can."""
        await self._supervisor.start(self._broker.part)
        await asyncio.to_thread(self._database.prepare)
        await self._supervisor.start(self._database.part())
        await self._until("the database", self._database.answers)
        await asyncio.to_thread(migrate, self._database.url)
        await self._fill()
        self._write_environment()
        for part in self._own():
            await self._supervisor.start(part)
        await self._until("the service", self._service_answers)

    async def _fill(self) -> None:
        """The district's register and the sign-ins; taken over anew at each start, which changes nothing."""
        sensors = self._wanted.sensors
        district = plan(SEED, devices=sensors, webhook_base=f"http://127.0.0.1:{self._ports.webhook}/webhook")
        engine = make_engine(self._database.url, pool=1)
        async with engine.begin() as connection:
            await import_plan(connection, district, "demo")
            for one in self._secrets.sign_ins:
                await ensure_account(connection, one.name, one.role, one.password, workshop=one.workshop)
        await engine.dispose()

    def _own(self) -> list[Part]:
        environment = self._environment()
        python, folder = sys.executable, self._wanted.data_dir
        receiver = (python, "-m", "ember_host.demo.receiver", str(folder / "received"))
        ports = ("--smtp-port", str(self._ports.smtp), "--http-port", str(self._ports.webhook))
        parts = [Part("receiver", receiver + ports, env=environment), *own_parts(environment)]
        if self._wanted.sensors:
            sim = (python, "-m", "ember_host.cli", "sim", "demo", "--devices", str(self._wanted.sensors))
            scenario = ("--seed", str(SEED), "--scenario", SCENARIO, "--delay", str(self._wanted.scenario_delay))
            parts.append(Part("sim", sim + scenario, stage=2, env=environment))
        return parts

    def _environment(self) -> dict[str, str]:
        wanted, ports = self._wanted, self._ports
        version = "5"
        return {
            "EMBERWATCH_DATABASE_URL": self._database.url,
            "EMBERWATCH_MQTT_URL": f"mqtt://127.0.0.1:{self._broker.v5_port}",
            "EMBERWATCH_MQTT_VERSION": version,
            "EMBERWATCH_DATA_DIR": str(wanted.data_dir),
            "EMBERWATCH_HTTP_HOST": "127.0.0.1",
            "EMBERWATCH_HTTP_PORT": str(wanted.port),
            "EMBERWATCH_PUBLIC_URL": f"http://127.0.0.1:{wanted.port}",
            "EMBERWATCH_GATEWAY_METRICS_PORT": str(ports.gateway_metrics),
            "EMBERWATCH_EVALUATOR_METRICS_PORT": str(ports.evaluator_metrics),
            "EMBERWATCH_SMTP_URL": f"smtp://127.0.0.1:{ports.smtp}",
            "EMBERWATCH_MAIL_FROM": "emberwatch@demo.invalid",
            "EMBERWATCH_WEBHOOK_SECRET": self._secrets.webhook_secret,
            "EMBERWATCH_SECRET_KEY": self._secrets.secret_key,
        }

    def _write_environment(self) -> None:
        """The settings of this run, to source before `emberwatch doctor` or any other command."""
        file = self._wanted.data_dir / "run" / "environment"
        file.touch(0o600)
        file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in self._environment().items()))

    async def _service_answers(self) -> bool:
        async with httpx2.AsyncClient(timeout=2) as client:
            return (await client.get(f"http://127.0.0.1:{self._wanted.port}/healthz")).status_code == 200

    async def _until(self, what: str, answers: Callable[[], Any]) -> None:
        """Wait until a part answers. Raises SettingsError where it does not within a minute."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            try:
                if await answers():
                    return
            except (OSError, httpx2.HTTPError):
                pass
            await asyncio.sleep(0.1)
        raise SettingsError(f"{what} did not answer within {READY_S:.0f} s; see {self._wanted.data_dir / 'log'}")

    def _greet(self, seconds: float) -> None:
        print(greeting(self._wanted, self._secrets, self._broker, self._database.what, seconds), flush=True)


def greeting(wanted: Wanted, keys: Secrets, on: Broker, database: str, seconds: float) -> str:
    """What a new user needs to know."""
    sign_ins = "\n".join(
        f"    {one.name:10} {one.password:32} {one.role}{f' of {one.workshop}' if one.workshop else ''}"
        for one in keys.sign_ins
    )
    v5 = f" (MQTT 3.1.1), {on.v5_port} (MQTT 5)" if on.v5_port != on.port else ""
    fire = (
        f"A smouldering fire starts in workshop {BURNING} in about {wanted.scenario_delay} s: watch the queue."
        if wanted.sensors
        else "No simulated devices (SENSORS=0): publish with your own, see README."
    )
    return f"""
Emberwatch demo, up after {seconds:.1f} s

  Console   http://127.0.0.1:{wanted.port}
  Sign in
{sign_ins}
  MQTT      127.0.0.1:{on.port}{v5}
  Runs on   {database}; {on.what}; {wanted.sensors} simulated devices
  Data      {wanted.data_dir}

{fire}
Ctrl-C ends everything.
"""
