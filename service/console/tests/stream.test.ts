import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, LEAST_MS, MOST_MS } from "../src/live/backoff";
import { LiveStream, OPENING_MS, SILENCE_MS, type Source } from "../src/live/stream";

class FakeSource implements Source {
  closed = false;
  private readonly listeners = new Map<string, (event: { data?: unknown }) => void>();
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string, data?: unknown): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data) });
  }
}

/** A clock that moves by hand, and a server that is there or not. */
function scene(signedIn: boolean | null = true) {
  let time = 0;
  let timers: { at: number; then: () => void }[] = [];
  const sources: FakeSource[] = [];
  const told: string[] = [];
  const stream = new LiveStream(
    {
      open: () => {
        const source = new FakeSource();
        sources.push(source);
        return source;
      },
      now: () => time,
      random: () => 0.5,
      later: (ms, then) => {
        const timer = { at: time + ms, then };
        timers.push(timer);
        return () => {
          timers = timers.filter((one) => one !== timer);
        };
      },
      signedIn: () => Promise.resolve(signedIn),
    },
    {
      event: (type, data) => told.push(`${type} ${JSON.stringify(data)}`),
      live: () => told.push("live"),
      lost: (since, retry) => told.push(`lost since ${since}, again at ${retry}`),
      sessionLost: () => told.push("session lost"),
    },
  );
  const pass = async (ms: number) => {
    const end = time + ms;
    for (;;) {
      const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      time = due.at;
      timers = timers.filter((one) => one !== due);
      due.then();
      await Promise.resolve();
      await Promise.resolve();
    }
    time = end;
  };
  const last = () => sources.at(-1) as FakeSource;
  return { stream, sources, told, pass, last, timers: () => timers.length };
}

test("live begins with the snapshot, and events come through", () => {
  const { stream, told, last } = scene();
  stream.start();
  assert.deepEqual(told, []);
  last().say("snapshot", { as_of: 1 });
  last().say("reading", 7);
  assert.deepEqual(told, ["live", 'snapshot {"as_of":1}', "reading 7"]);
});

test("a broken stream is told at once with the last sign of life, and tried again with growing patience", async () => {
  const { stream, told, pass, last, sources } = scene();
  stream.start();
  last().say("snapshot", {});
  await pass(2_000);
  last().say("system", {});
  await pass(1_000);
  told.length = 0;
  last().say("error");
  assert.deepEqual(told, [`lost since 2000, again at ${3_000 + LEAST_MS}`]);
  assert.ok(sources[0]?.closed);
  await pass(LEAST_MS);
  assert.equal(sources.length, 2);
  last().say("error");
  assert.equal(told[1], `lost since 2000, again at ${3_000 + LEAST_MS + 2 * LEAST_MS}`);
  await pass(2 * LEAST_MS);
  last().say("snapshot", {});
  assert.equal(told[2], "live");
  last().say("error"); // patience starts small again
  assert.match(told.at(-1) ?? "", new RegExp(`again at ${3_000 + 4 * LEAST_MS}$`));
});

test("a stream that is silent is not live, however open it looks", async () => {
  const { stream, told, pass, last } = scene();
  stream.start();
  last().say("snapshot", {});
  await pass(SILENCE_MS - 1);
  assert.equal(told.filter((line) => line.startsWith("lost")).length, 0);
  await pass(1);
  assert.match(told.at(-1) ?? "", /^lost since 0/);
});

test("a stream that opens and brings no snapshot is none", async () => {
  const { stream, told, pass } = scene();
  stream.start();
  await pass(OPENING_MS);
  assert.match(told[0] ?? "", /^lost/);
});

test("an old source that speaks late is not heard", async () => {
  const { stream, told, pass, sources } = scene();
  stream.start();
  sources[0]?.say("error");
  await pass(LEAST_MS);
  told.length = 0;
  sources[0]?.say("reading", 1);
  assert.deepEqual(told, []);
});

test("without a session there is no trying again", async () => {
  const { stream, told, pass, last, sources, timers } = scene(false);
  stream.start();
  last().say("error");
  await pass(0);
  assert.equal(told.at(-1), "session lost");
  assert.equal(timers(), 0);
  await pass(60_000);
  assert.equal(sources.length, 1);
});

test("patience grows to its bound and is spread", () => {
  assert.equal(backoff(0, 0.5), LEAST_MS);
  assert.ok(backoff(3, 0) < backoff(3, 1));
  for (const attempt of [10, 100, 1e6]) assert.equal(backoff(attempt, 0.5), MOST_MS);
});
