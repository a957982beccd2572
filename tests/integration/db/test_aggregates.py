"""The aggregates give the right answers on both databases: live, after their jobs, and after late rows."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.flavour import is_continuous
from ember_base.schema import views
from ember_service.history import rollup
from ember_service.history.rollup import Rolled, run_once
from tests.support.rows import store

Row = tuple[int, datetime, float]
WIDTHS = {"reading_1m": timedelta(minutes=1), "reading_1h": timedelta(hours=1), "reading_1d": timedelta(days=1)}
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """This moment: the databases' own jobs go by their clock."""
    return datetime.now(UTC).replace(microsecond=0)


async def settle(engine: AsyncEngine) -> None:
    """Let the jobs run once that keep the aggregates: ours, or TimescaleDB's refresh policies, finest first."""
    await run_once(engine)
    async with engine.connect() as connection:
        if not await is_continuous(connection):
            return
        jobs = "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name LIKE 'policy_refresh%' ORDER BY job_id"
        numbers = (await connection.execute(text(jobs))).scalars().all()
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for number in numbers:
            await connection.exec_driver_sql(f"CALL run_job({number})")


async def answers(engine: AsyncEngine, table: str) -> dict[tuple[datetime, int], tuple[float, ...]]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(views.tables[table]))
        found = [tuple(row) for row in rows]
    keyed = {(row[0], row[1]): row[2:] for row in found}
    assert len(keyed) == len(found), "a bucket twice"
    return keyed


def expected(rows: Iterable[Row], table: str) -> dict[tuple[datetime, int], tuple[float, ...]]:
    buckets: dict[tuple[datetime, int], list[float]] = defaultdict(list)
    for channel, time, value in rows:
        buckets[time - (time - ORIGIN) % WIDTHS[table], channel].append(value)
    return {key: (min(v), pytest.approx(fmean(v)), max(v), len(v)) for key, v in buckets.items()}


async def check(engine: AsyncEngine, rows: Iterable[Row]) -> None:
    rows = list(rows)
    for table in WIDTHS:
        assert await answers(engine, table) == expected(rows, table), table


def spread(now: datetime, ago: timedelta, count: int, seed: int) -> list[Row]:
    """Readings of three channels at odd moments, in four bursts of two minutes, the first `ago`, the last just now."""
    chance = random.Random(seed)
    span = int(ago / timedelta(milliseconds=1))
    bursts = [120_000, chance.randrange(span), chance.randrange(span), span]
    moments = {chance.choice(bursts) - chance.randrange(120_000) for _ in range(count)}
    found = [(chance.choice((-5, 1, 2**62)), now - timedelta(milliseconds=m), chance.uniform(-20, 90)) for m in moments]
    return sorted(found, key=lambda row: row[1])


async def test_live_rows_show_at_once(engine: AsyncEngine, now: datetime) -> None:
    rows = spread(now, timedelta(days=3), 500, seed=1)
    await store(engine, rows)
    await check(engine, rows)


async def test_the_jobs_change_no_answer(engine: AsyncEngine, now: datetime) -> None:
    rows = spread(now, timedelta(days=3), 500, seed=2)
    await store(engine, rows)
    await settle(engine)
    await check(engine, rows)
    fresh = [(1, now + timedelta(seconds=s), float(s)) for s in range(5)]
    await store(engine, fresh)
    await check(engine, rows + fresh)


async def test_late_rows_are_in_after_the_next_job(engine: AsyncEngine, now: datetime) -> None:
    rows = spread(now, timedelta(days=2), 60, seed=3)
    await store(engine, rows)
    await settle(engine)
    for seed, ago in ((4, timedelta(hours=50)), (5, timedelta(minutes=90))):
        known = {row[:2] for row in rows}
        late = [row for row in spread(now, ago, 30, seed) if row[:2] not in known]
        await store(engine, late)
        rows += late
        await settle(engine)
        await check(engine, rows)


async def test_a_future_row_is_in_its_bucket(engine: AsyncEngine, now: datetime) -> None:
    rows = [(1, now + timedelta(hours=20), 5.0), (1, now - timedelta(hours=20), 7.0)]
    await store(engine, rows)
    await settle(engine)
    await check(engine, rows)


async def test_an_empty_database_settles(engine: AsyncEngine, now: datetime) -> None:
    await settle(engine)
    await check(engine, [])
    rows = [(1, now - timedelta(days=2), 3.0), (1, now, 4.0)]
    await store(engine, rows)
    await settle(engine)
    await check(engine, rows)


async def test_on_timescaledb_the_job_leaves_it_to_the_workers(timescale_engine: AsyncEngine, now: datetime) -> None:
    await store(timescale_engine, [(1, now - timedelta(days=100), 1.0)])
    assert await run_once(timescale_engine) == Rolled()


async def test_a_second_run_has_nothing_to_do(postgres_engine: AsyncEngine, now: datetime) -> None:
    await store(postgres_engine, [(1, now - timedelta(hours=2), 1.0)])
    assert (await run_once(postgres_engine, now)).filled == 1
    await store(postgres_engine, [(1, now - timedelta(hours=2, seconds=1), 1.0)])
    assert (await run_once(postgres_engine, now)).late == 1
    assert await run_once(postgres_engine, now) == Rolled()


async def test_old_rows_are_trimmed_and_their_aggregates_stay(postgres_engine: AsyncEngine, now: datetime) -> None:
    rows = [(1, now - timedelta(days=400), 1.0), (1, now - timedelta(days=91), 2.0), (1, now, 3.0)]
    await store(postgres_engine, rows)
    done = await run_once(postgres_engine, now)
    assert done.trimmed == 3, "two readings and one minute"
    async with postgres_engine.connect() as connection:
        kept = (await connection.execute(text("SELECT value FROM reading"))).scalars().all()
    assert kept == [3.0]
    assert await answers(postgres_engine, "reading_1m") == expected(rows[1:], "reading_1m")
    assert await answers(postgres_engine, "reading_1h") == expected(rows, "reading_1h")
    assert await answers(postgres_engine, "reading_1d") == expected(rows, "reading_1d")


async def test_what_comes_after_its_bucket_lost_readings_does_not_spoil_it(
    postgres_engine: AsyncEngine, now: datetime
) -> None:
    old = now - timedelta(days=100)
    rows = [(1, old, 1.0), (1, now, 3.0)]
    await store(postgres_engine, rows)
    await run_once(postgres_engine, now)
    await store(postgres_engine, [(1, old + timedelta(milliseconds=1), 99.0)])
    await run_once(postgres_engine, now)
    assert await answers(postgres_engine, "reading_1d") == expected(rows, "reading_1d")


async def test_a_writer_that_saw_the_old_threshold_is_waited_for(postgres_engine: AsyncEngine, now: datetime) -> None:
    row = (1, now - timedelta(minutes=30), 1.0)
    insert = text("INSERT INTO reading (channel, time, received, value) VALUES (:c, :t, :t, :v)")
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with postgres_engine.connect() as writer, postgres_engine.connect() as looker:
        await writer.execute(insert, {"c": row[0], "t": row[1], "v": row[2]})
        job = asyncio.create_task(run_once(postgres_engine, now))
        async with asyncio.timeout(2):
            while not (await looker.execute(waiting)).scalar_one():
                assert not job.done(), "it did not wait"
        await writer.commit()
        await job
    await check(postgres_engine, [row])


async def test_two_jobs_at_once_count_nothing_twice(postgres_engine: AsyncEngine, now: datetime) -> None:
    rows = spread(now, timedelta(days=3), 300, seed=7)
    await store(postgres_engine, rows)
    await asyncio.gather(*(run_once(postgres_engine, now) for _ in range(2)))
    await check(postgres_engine, rows)


async def test_rows_that_come_while_the_job_runs_are_all_counted(postgres_engine: AsyncEngine, now: datetime) -> None:
    """The race of the threshold: writers and job at the same time, again and again."""
    rows = spread(now, timedelta(minutes=40), 400, seed=8)

    async def write(part: list[Row]) -> None:
        for row in part:
            await store(postgres_engine, [row])

    async def keep(done: asyncio.Event) -> None:
        minutes = 40
        while not done.is_set() or minutes >= 0:
            await run_once(postgres_engine, now - timedelta(minutes=max(minutes, 0)))
            minutes -= 2

    done = asyncio.Event()
    job = asyncio.create_task(keep(done))
    await asyncio.gather(write(rows[:200]), write(rows[200:]))
    done.set()
    await job
    await run_once(postgres_engine, now)
    await check(postgres_engine, rows)


async def test_the_loop_goes_on_after_an_error(
    postgres_engine: AsyncEngine, now: datetime, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    went_on = asyncio.Event()

    async def once(_engine: AsyncEngine) -> Rolled:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionRefusedError("nobody there")
        went_on.set()
        return Rolled()

    monkeypatch.setattr(rollup, "run_once", once)
    loop = asyncio.create_task(rollup.run(postgres_engine, interval=0))
    async with asyncio.timeout(5):
        await went_on.wait()
    loop.cancel()
    assert "nobody there" in caplog.text
