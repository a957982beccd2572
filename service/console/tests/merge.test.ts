import assert from "node:assert/strict";
import { test } from "node:test";

import { agrees, freshFires, mergeAlarm, mergeEvent, Waiting } from "../src/live/merge";
import { Highest } from "../src/live/highest";
import { alarm, event, reading, status } from "./samples";

const open = (...alarms: ReturnType<typeof alarm>[]) => new Map(alarms.map((one) => [one.id, one]));

test("an older or equal revision changes nothing, a newer one stands, a closed alarm leaves", () => {
  const before = open(alarm({ revision: 3 }));
  assert.equal(mergeAlarm(before, alarm({ revision: 2, open: false })), before);
  assert.equal(mergeAlarm(before, alarm({ revision: 3 })), before);
  assert.equal(mergeAlarm(before, alarm({ revision: 4, severity: 1 })).get("a")?.severity, 1);
  assert.equal(mergeAlarm(before, alarm({ revision: 4, open: false })).size, 0);
  assert.equal(mergeAlarm(before, alarm({ id: "b", open: false })), before);
});

test("events stand in their order, each once", () => {
  const [first, second] = [event(), event({ id: "e2", seq: 2, kind: "acked" })];
  const both = mergeEvent([second], first);
  assert.deepEqual(both.map(({ id }) => id), ["e1", "e2"]);
  assert.equal(mergeEvent(both, second), both);
});

test("a fire calls when it is new, when it rose to one, and when it must be taken again", () => {
  const ids = (before: ReturnType<typeof open>, after: ReturnType<typeof open>) => freshFires(before, after).map(({ id }) => id);
  assert.deepEqual(ids(open(), open(alarm())), ["a"]);
  assert.deepEqual(ids(open(alarm()), open(alarm({ revision: 2 }))), []);
  assert.deepEqual(ids(open(alarm({ class: "prewarning" })), open(alarm())), ["a"]);
  assert.deepEqual(ids(open(alarm({ facts: { acked: true } })), open(alarm())), ["a"]);
  assert.deepEqual(ids(open(), open(alarm({ facts: { acked: true } }))), []);
  assert.deepEqual(ids(open(), open(alarm({ class: "prewarning" }))), []);
});

test("counts that differ are noticed", () => {
  const one = status({ open: { fire: 1, prewarning: 0, supervisory: 0, trouble: 0 } });
  assert.ok(agrees(open(alarm()), one));
  assert.ok(!agrees(open(), one));
  assert.ok(!agrees(open(alarm({ class: "trouble" })), one));
  assert.ok(agrees(open(alarm({ workshop: "ws-2" })), status()));
});

test("waiting readings: the last of each channel, every one of a watched channel, each once", () => {
  const waiting = new Waiting(new Map([["watched", null]]), 2);
  for (const time of [1, 2, 3]) waiting.add(reading({ channel: "watched", time, value: time }));
  waiting.add(reading({ channel: "other", time: 9, value: 9 }));
  waiting.add(reading({ channel: "other", time: 8, value: 8 }));
  const { latest, kept } = waiting.take();
  assert.deepEqual(latest.map(({ channel, value }) => [channel, value]), [["watched", 3], ["other", 9]]);
  assert.deepEqual(kept.get("watched")?.map(({ value }) => value), [2, 3]);
  assert.equal(kept.has("other"), false);
  assert.deepEqual(waiting.take().latest, []);
});

test("a workshop's highest value rises with any channel and falls to the next one", () => {
  const start = status();
  const highest = new Highest(start);
  const value = (after: typeof start) => after.highlights["smoke"]?.value;
  const risen = highest.merge(start, reading({ channel: "13", value: 3, time: 600, received: 610 }));
  assert.equal(value(risen), 3);
  assert.equal(risen.last, 610);
  const fallen = highest.merge(risen, reading({ channel: "13", value: 0.05, time: 700, received: 710 }));
  assert.equal(value(fallen), 0.1);
  assert.equal(fallen.highlights["smoke"]?.channel, "12");
});

test("a late reading moves no highest value, one of another kind only the time of the last", () => {
  const start = status();
  const highest = new Highest(start);
  const late = highest.merge(start, reading({ value: 9, time: 400, received: 450 }));
  assert.equal(late, start);
  const other = highest.merge(start, reading({ channel: "14", kind: "humidity", value: 90, received: 900 }));
  assert.deepEqual(other, { ...start, last: 900 });
});
