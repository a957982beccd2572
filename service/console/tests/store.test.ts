import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import type { AlarmRecord, Reading } from "../src/api/types";
import * as store from "../src/live/store";
import { alarm, event, reading, status } from "./samples";

const frames: (() => void)[] = [];
Object.assign(globalThis, {
  document: { hidden: false },
  requestAnimationFrame: (draw: () => void) => frames.push(draw),
});
const draw = () => frames.splice(0).forEach((frame) => frame());
const snapshot = (...alarms: AlarmRecord[]) =>
  store.takeSnapshot({ as_of: 5_000, status: [status()], alarms, system: { ok: true, as_of: 5_000, faults: [] } });

const called: string[][] = [];
store.onFreshFires((fires) => called.push(fires.map(({ id }) => id)));

beforeEach(() => {
  store.forget();
  called.length = 0;
});

test("a hundred readings of a channel are drawn once, the last one", () => {
  snapshot();
  const value = store.valueOf("12");
  let drawn = 0;
  const stop = value.subscribe(() => {
    drawn += 1;
  });
  for (let time = 600; time < 700; time++) store.takeReading(reading({ time, value: time, received: time }));
  assert.ok(!value.peek());
  draw();
  stop();
  assert.equal(value.peek()?.value, 699);
  assert.equal(drawn, 2); // what was there, and what came
  assert.equal(store.statusOf("ws-1")?.value.highlights["smoke"]?.value, 699);
});

test("a watched channel gets every reading until nobody watches", () => {
  snapshot();
  const got: number[] = [];
  const stop = store.watchChannel("12", (readings: readonly Reading[]) => got.push(...readings.map(({ value }) => value)));
  store.takeReading(reading({ time: 1, value: 1 }));
  store.takeReading(reading({ time: 2, value: 2 }));
  draw();
  stop();
  store.takeReading(reading({ time: 3, value: 3 }));
  draw();
  assert.deepEqual(got, [1, 2]);
});

test("a snapshot replaces the queue; a fire in it calls once", () => {
  snapshot(alarm(), alarm({ id: "b", class: "trouble" }));
  assert.deepEqual(store.queue.value.map(({ id }) => id), ["a", "b"]);
  snapshot(alarm());
  assert.deepEqual(store.queue.value.map(({ id }) => id), ["a"]);
  assert.deepEqual(called, [["a"]]);
});

test("an alarm's life through the stream, and since when all is quiet", () => {
  snapshot();
  assert.equal(store.quietSince.value, null);
  store.takeAlarm({ transition: event(), alarm: alarm() });
  assert.equal(store.counts.value.fire.unacked, 1);
  assert.equal(store.worst.value.get("ws-1"), "fire");
  store.takeAlarm({ transition: event({ id: "e2", kind: "acked" }), alarm: alarm({ revision: 2, facts: { acked: true } }) });
  assert.deepEqual(store.counts.value.fire, { open: 1, unacked: 0 });
  store.takeAlarm({
    transition: event({ id: "e3", kind: "closed", known: 9_000 }),
    alarm: alarm({ revision: 3, open: false }),
  });
  assert.deepEqual(store.queue.value, []);
  assert.equal(store.quietSince.value, 9_000);
});

test("news without a step is an alarm too", () => {
  snapshot();
  store.takeAlarm({ transition: null, alarm: alarm() });
  assert.deepEqual(called, [["a"]]);
});

test("a workshop that the stream counts otherwise is noticed", () => {
  snapshot();
  assert.ok(store.agreesOn("ws-1"));
  store.takeStatus(status({ open: { fire: 1, prewarning: 0, supervisory: 0, trouble: 0 } }));
  assert.ok(!store.agreesOn("ws-1"));
});
