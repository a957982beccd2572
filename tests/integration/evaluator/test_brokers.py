"""The same on each broker, with each version of MQTT."""

from pathlib import Path

from tests.integration.evaluator.site import Site
from tests.support.broker import RunningBroker
from tests.support.until import until


async def test_a_fire_a_command_and_what_came_while_it_was_away(broker: RunningBroker, tmp_path: Path) -> None:
    site = Site(tmp_path / "data", broker.url, broker.version)
    site.devices = 200
    await site.open()
    try:
        await site.start()
        for number in range(2, 150):
            site.say(f"d{number}", temperature=20)
        site.say("d1", smoke_alarm=1)
        fire = await site.alarm()
        assert not (await site.command("ack", fire.id)).refused
        await site.stop()
        site.say("d2", smoke_alarm=1)
        await site.start()
        await until("both are open", lambda: len(site.open_alarms()) == 2)
        await until("both are told", lambda: len(site.hook.posts) == 2)
    finally:
        await site.close()
