import assert from "node:assert/strict";
import { test } from "node:test";

import { type AlarmClass, CLASSES } from "../src/api/types";
import { compareAlarms, count, passes, worstByWorkshop } from "../src/domain/order";
import { alarm } from "./samples";

test("class goes before severity, severity before onset, the older first", () => {
  const queue = [
    alarm({ id: "trouble", class: "trouble", severity: 1000, onset: 1 }),
    alarm({ id: "fire-new", severity: 900, onset: 20 }),
    alarm({ id: "pre", class: "prewarning", severity: 1000, onset: 0 }),
    alarm({ id: "fire-old", severity: 900, onset: 10 }),
    alarm({ id: "fire-worse", severity: 950, onset: 30 }),
    alarm({ id: "sup", class: "supervisory", severity: 1000, onset: 0 }),
  ];
  const ids = queue.sort(compareAlarms).map(({ id }) => id);
  assert.deepEqual(ids, ["fire-worse", "fire-old", "fire-new", "pre", "sup", "trouble"]);
});

test("alarms that are alike keep one order, whichever way they come", () => {
  const [a, b] = [alarm({ id: "a" }), alarm({ id: "b" })];
  assert.deepEqual([b, a].sort(compareAlarms), [a, b]);
  assert.equal(compareAlarms(a, a), 0);
});

test("no filter hides a fire", () => {
  const elsewhere = { classes: new Set<AlarmClass>(["trouble"]), areas: new Set(["other"]) };
  for (const name of CLASSES) {
    const shown = passes(alarm({ class: name }), elsewhere, () => "grid");
    assert.equal(shown, name === "fire", name);
  }
});

test("an area holds what is below it, and what has no area is never hidden by one", () => {
  const filter = { classes: new Set<AlarmClass>(), areas: new Set(["town", "grid"]) };
  const trouble = alarm({ class: "trouble" });
  assert.ok(passes(trouble, filter, () => "grid"));
  assert.ok(!passes(trouble, filter, () => "other"));
  assert.ok(passes(trouble, filter, () => null));
});

test("counts tell open from not taken; the worst class of a workshop wins", () => {
  const alarms = [
    alarm({ id: "1", facts: { acked: true } }),
    alarm({ id: "2" }),
    alarm({ id: "3", class: "trouble", workshop: "ws-2" }),
    alarm({ id: "4", class: "prewarning", workshop: "ws-2" }),
  ];
  assert.deepEqual(count(alarms).fire, { open: 2, unacked: 1 });
  assert.deepEqual(count(alarms).supervisory, { open: 0, unacked: 0 });
  assert.deepEqual([...worstByWorkshop(alarms)], [["ws-1", "fire"], ["ws-2", "prewarning"]]);
});
