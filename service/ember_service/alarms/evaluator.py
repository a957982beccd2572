"""The evaluator put together: stream → engine → journal → people, screens, database. The only file that wires.

Nothing in here waits for the database, a mail server or a webhook: they take from queues of their own on disk.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, start_http_server

from ember_base.database import explain, make_engine
from ember_base.lock import only_one
from ember_base.mqtt import Link, Will
from ember_base.settings import Settings, SettingsError
from ember_service.alarms import checkpoint, faults
from ember_service.alarms.archive import Archive
from ember_service.alarms.board import Board
from ember_service.alarms.checkpoint import Checkpoint
from ember_service.alarms.clock import Clock
from ember_service.alarms.engine import Configured, Engine, Tick
from ember_service.alarms.handoff import Handoff
from ember_service.alarms.intake import SUBSCRIPTIONS, Intake
from ember_service.alarms.journal import Journal
from ember_service.alarms.metrics import Metrics
from ember_service.alarms.pipeline import Pipeline
from ember_service.alarms.publisher import Publisher, health
from ember_service.notify.deliver import Deliverer
from ember_service.notify.mail import Mail
from ember_service.notify.model import Channel, Message, Result, Sender
from ember_service.notify.outbox import Outbox
from ember_service.notify.plan import Addressees, plan
from ember_service.notify.webhook import Webhook
from ember_service.register.snapshot import Config, Snapshot
from ember_service.rules.load import load_rules
from ember_service.rules.model import Rule
from ember_service.rules.validate import RuleError
from ember_wire import topics
from ember_wire.alarms import Transition

log = logging.getLogger(__name__)

CLIENT_ID: Final = "ew-evaluator"
TICK_S: Final = 0.25
LOOK_S: Final = 2.0
HEALTH_S: Final = 10.0
CHECKPOINT_S: Final = 30.0
CHECKPOINT_BYTES: Final = 10 * 1024 * 1024
REGISTER_RETRY_S: Final = 3.0
REGISTER_LOOK_S: Final = 60.0
REGISTER_WITHIN_S: Final = 60.0
END_S: Final = 1.5
GONE: Final = {"evaluator_gone": "The evaluator is gone: nobody watches."}
STOPPED: Final = {"evaluator_stopped": "The evaluator was stopped: nobody watches."}


class Evaluator:
    """One evaluator on one data folder. Everything in here runs in one event loop; disks have threads of their own."""

    def __init__(self, settings: Settings, metrics: Metrics, rules: list[Rule] | None) -> None:
        self._settings = settings
        self._metrics = metrics
        self._folder = settings.data_dir / "evaluator"
        restored = checkpoint.restore(self._folder / "checkpoint")
        self._journal = Journal(self._folder / "journal", metrics.journal_fsync.observe)
        self._damage = [restored.damage] if restored.damage else []
        self._board = Board(restored.engine.open_alarms(), restored.workshops, restored.seq)
        self._database = make_engine(settings.database_url, pool=3, application="emberwatch evaluator")
        self._snapshot = Snapshot(self._folder / "register", self._database, rules)
        self._use(restored.config or Config())
        self._configured = restored.config is not None
        self._replayed = self._replay(restored.engine, restored.first)
        self._clock = Clock(restored.engine.now)
        self._pipeline = Pipeline(restored.engine, self._journal, self._told)
        self._outbox = Outbox(self._folder / "outbox.sqlite")
        self._archive = Archive(self._folder / "archive", self._database, self._outbox, self._clock)
        self._register_changed = asyncio.Event()
        self._register_changed.set()
        self._faults: dict[str, str] = {}
        self._link = self._make_link()
        self._publisher = Publisher(self._publish, self._board, self._clock)
        self._webhook = Webhook(_revealed(settings), self._clock)
        senders: dict[Channel, Sender] = {
            Channel.MAIL: Mail(settings.smtp_url, settings.mail_from),
            Channel.WEBHOOK: self._webhook,
        }
        self._deliverer = Deliverer(self._outbox, senders, self._clock, self._tried)
        self._handoff = Handoff(self._outbox, self._archive, self._plan, self._deliverer.wake, self._clock)
        self._intake = Intake(
            self._pipeline,
            metrics,
            self._clock,
            ack=self._link.ack,
            reply=lambda topic, payload: self._link.publish(topic, payload),
            registry_changed=self._register_changed.set,
        )

    def _make_link(self) -> Link:
        return Link(
            self._settings.mqtt_url,
            CLIENT_ID,
            version=self._settings.mqtt_version,
            subscriptions=SUBSCRIPTIONS,
            on_message=lambda message: self._intake.receive(message),
            on_connected=self._connected,
            keep_session=True,
            manual_ack=True,
            will=Will(topics.ALARMS_HEALTH, health(self._clock(), GONE, ok=False)),
        )

    def _replay(self, engine: Engine, first: int) -> list[Transition]:
        """Derive again what the journal holds after the checkpoint: the same transitions, with the same ids."""
        found: list[Transition] = []
        if first > self._journal.next_index:
            self._damage.append("the journal ends before the checkpoint: it was lost")
            log.error("the journal ends before the checkpoint: it was lost; going on from the checkpoint")
        count = 0
        for event in self._journal.replay(first):
            count += 1
            try:
                found += engine.step(event)
            except Exception:
                log.exception("the engine failed on a journalled event of kind %s", type(event).__name__)
            if isinstance(event, Configured):
                self._use(Config(register=event.register, rules=event.rules))
                self._configured = True
        log.info("going on: %d open alarms, %d events replayed", len(engine.open_alarms()), count)
        return found

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set; then tell and keep what is in hand."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._database.dispose)
            stack.push_async_callback(self._pipeline.close)
            await self._outbox.open(self._clock())
            stack.push_async_callback(self._outbox.close)
            await self._archive.open()
            stack.push_async_callback(self._archive.close)
            await stack.enter_async_context(self._webhook)
            async with asyncio.TaskGroup() as group:
                run = group.create_task
                ends = [
                    run(self._handoff.run_outbox(), name="outbox"),
                    run(self._handoff.run_archive(), name="archive queue"),
                    run(self._archive.run(), name="archive"),
                ]
                committing = run(self._pipeline.run(), name="journal")
                delivering = run(self._deliverer.run(), name="deliver")
                self._told(self._replayed)
                self._take_over(self._snapshot.from_disk(self._config if self._configured else None))
                await self._save_checkpoint()
                async with self._link:
                    loops = [
                        run(self._tick_loop(), name="tick"),
                        run(self._health_loop(), name="health"),
                        run(self._register_loop(), name="register"),
                        run(self._checkpoint_loop(), name="checkpoint"),
                    ]
                    await stop.wait()
                    await self._wind_down(loops, committing, delivering)
                for task in ends:
                    task.cancel()
        log.info("stopped")

    async def _wind_down(
        self, loops: Sequence[asyncio.Task[None]], committing: asyncio.Task[None], delivering: asyncio.Task[None]
    ) -> None:
        """Within 5 s: the last events are journalled and handed on, tries under way may end, all is saved."""
        for task in loops:
            task.cancel()
        await asyncio.wait(loops)
        self._pipeline.stop()
        await asyncio.wait([committing])
        self._deliverer.stop()
        await asyncio.wait([delivering], timeout=END_S)
        delivering.cancel()
        try:
            async with asyncio.timeout(END_S):
                await self._save_checkpoint()
        except TimeoutError:
            log.warning("no checkpoint at the end: the journal has it all")
        if self._link.connected:
            self._publisher.flush()
            said = self._link.publish(topics.ALARMS_HEALTH, health(self._clock(), STOPPED, ok=False), retain=True)
            with contextlib.suppress(RuntimeError, ValueError):
                await asyncio.to_thread(said.wait_for_publish, END_S / 2)

    # What the parts call ---------------------------------------------------------------------------------------------

    def _told(self, transitions: Sequence[Transition]) -> None:
        """These are durable: tell everybody."""
        self._handoff.put(transitions)
        self._publisher.tell(transitions)
        for transition in transitions:
            alarm = transition.alarm
            self._metrics.transitions.labels(transition.kind, alarm.class_).inc()
            log.info("%s: %s %s in %s (%s)", alarm.class_, alarm.rule, transition.kind, alarm.workshop, alarm.id)

    def _plan(self, transition: Transition) -> list[Message]:
        return plan(transition, self._addressees, self._settings.public_url)

    def _tried(self, message: Message, result: Result) -> None:
        self._metrics.messages.labels(message.channel, result.state).inc()
        self._archive.wake()

    def _connected(self) -> None:
        self._publisher.health(self._faults)
        self._publisher.tell_again()
        self._register_changed.set()

    def _use(self, config: Config) -> None:
        self._config = config
        self._addressees = Addressees(config.register)
        self._packed_config = msgspec.Raw(msgspec.msgpack.encode(config))

    def _take_over(self, config: Config) -> None:
        """Go by a configuration from now on, where it is another one than before."""
        known = self._config
        if self._configured and (config.register, config.rules) == (known.register, known.rules):
            self._config = config
            return
        self._use(config)
        self._configured = True
        register = config.register
        log.info(
            "register %d: %d workshops, %d devices, %d contacts; %d rules",
            register.revision,
            len(register.workshops),
            len(register.devices),
            len(register.contacts),
            len(config.rules),
        )
        self._pipeline.take(Configured(now=self._clock(), register=register, rules=config.rules))

    # Loops -----------------------------------------------------------------------------------------------------------

    async def _tick_loop(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._metrics.tick_lag.set(max(loop.time() - due, 0))
            self._pipeline.take(Tick(self._clock()))
            self._publisher.flush()
            due = max(due + TICK_S, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _register_loop(self) -> None:
        """Take the register over when it changes, and look now and then: the word of a change may be lost."""
        while True:
            changed = True
            try:
                async with asyncio.timeout(REGISTER_LOOK_S):
                    await self._register_changed.wait()
            except TimeoutError:
                changed = False
            self._register_changed.clear()
            try:
                async with asyncio.timeout(REGISTER_WITHIN_S):
                    if changed or await self._snapshot.revision() != self._config.register.revision:
                        self._take_over(await self._snapshot.load())
            except Exception as error:  # noqa: BLE001 - whatever it is, what is known stays in force
                log.warning("the register cannot be read now (%s): going on with what is known", explain(error))
                self._register_changed.set()
                await asyncio.sleep(REGISTER_RETRY_S)

    async def _health_loop(self) -> None:
        """Say that we are here, each 10 s, and within two where a fault comes, changes or goes."""
        loop = asyncio.get_running_loop()
        said_at, said = -HEALTH_S, dict[str, str]()
        while True:
            self._faults = await self._find_faults()
            if self._link.connected and (self._faults != said or loop.time() - said_at >= HEALTH_S):
                self._publisher.health(self._faults)
                said_at, said = loop.time(), self._faults
            await asyncio.sleep(LOOK_S)

    async def _checkpoint_loop(self) -> None:
        """Each 30 s, or when the journal has grown by 10 MB."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(1)
            journal = self._journal
            if loop.time() - last >= CHECKPOINT_S or journal.grown >= CHECKPOINT_BYTES or journal.wants_checkpoint:
                last = loop.time()
                await self._save_checkpoint()

    async def _save_checkpoint(self) -> None:
        """The engine's state, once all that came out of it before is durable with those who tell."""
        dump, index = await self._pipeline.checkpoint()
        found = Checkpoint(
            index=index,
            seq=self._board.seq,
            engine=dump,
            config=self._packed_config,
            workshops=sorted(self._board.workshops),
        )
        if index < 0:
            return
        await self._handoff.done()
        try:
            await asyncio.to_thread(checkpoint.save, self._folder / "checkpoint", found)
        except OSError as error:
            log.warning("no checkpoint can be written: %s", error)
            self._handoff.faults["checkpoint_failing"] = f"The evaluator's state cannot be saved: {error}."
            return
        self._handoff.faults.pop("checkpoint_failing", None)
        await self._pipeline.drop_before(index)

    async def _find_faults(self) -> dict[str, str]:
        settings, metrics = self._settings, self._metrics
        standing = await self._outbox.standing(self._clock())
        mail, secret = settings.smtp_url is not None, settings.webhook_secret is not None
        found = {
            **self._pipeline.engine.faults(),
            **self._archive.faults,
            **self._handoff.faults,
            **faults.of_people(self._board, self._addressees),
            **faults.of_channels(self._addressees, mail=mail, secret=secret),
            **faults.of_outbox(standing, self._outbox.fault),
            **faults.of_disk(self._folder, self._archive.pending),
            **faults.of_clock(self._clock.ahead()),
            **self._own_faults(),
        }
        metrics.broker_up.set(self._link.connected)
        metrics.database_up.set(self._archive.database_up)
        metrics.messages_pending.set(standing.pending)
        metrics.archive_pending.set(self._archive.pending)
        for name, count in self._board.counts().items():
            metrics.open_alarms.labels(name).set(count)
        for word in self._faults.keys() - found.keys():
            metrics.fault.labels(word).set(0)
        for word in found:
            metrics.fault.labels(word).set(1)
        return found

    def _own_faults(self) -> dict[str, str]:
        found = {}
        if not self._link.connected:
            found["broker_away"] = "The broker does not answer: nothing is watched now."
        if self._journal.fault:
            found["journal_failing"] = f"The journal {self._journal.fault}. A crash now would lose alarms."
        if self._damage or self._journal.damage:
            damage = [*self._damage, *self._journal.damage]
            found["journal_damaged"] = f"At the start not all could be read: {'; '.join(damage[:3])}."
        if self._pipeline.errors:
            found["engine_failed"] = f"The engine failed on {self._pipeline.errors} events: see the evaluator's log."
        if self._config.bad_rules:
            found["rules_bad"] = f"Stored rules are left out: {'; '.join(self._config.bad_rules[:3])}"
        return found

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> object:
        """Retained documents are said again at each connection, so none need wait for the next one."""
        if retain and not self._link.connected:
            return None
        return self._link.publish(topic, payload, retain=retain)


def _revealed(settings: Settings) -> str | None:
    return settings.webhook_secret.get_secret_value() if settings.webhook_secret else None


def _fixed_rules(settings: Settings) -> list[Rule] | None:
    """Rules of a folder, where one is set; they stand on top of the default pack."""
    if settings.rules_dir is None:
        return None
    try:
        return load_rules(settings.rules_dir)
    except RuleError as error:
        raise SettingsError(f"EMBERWATCH_RULES_DIR: {error}") from None


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run one evaluator until `stop` is set. Raises SettingsError where folder, port or rules cannot be used."""
    rules = _fixed_rules(settings)
    metrics = Metrics(CollectorRegistry())
    with only_one(settings.data_dir / "evaluator", "evaluator"):
        try:
            server, thread = start_http_server(
                settings.evaluator_metrics_port, settings.metrics_host, registry=metrics.registry
            )
        except OSError as error:
            raise SettingsError(f"EMBERWATCH_EVALUATOR_METRICS_PORT: {error}; choose a free port") from None
        try:
            await Evaluator(settings, metrics, rules).run(stop)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
