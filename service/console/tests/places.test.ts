import assert from "node:assert/strict";
import { test } from "node:test";

import { groupByArea, isStale, STALE_MS } from "../src/domain/overview";
import { Places } from "../src/domain/places";
import { status } from "./samples";

const area = (id: string, parent: string | null) => ({ id, name: id.toUpperCase(), kind: "grid", parent });
const places = new Places(
  [area("district", null), area("north", "district"), area("n1", "north"), area("south", "district"), area("s1", "south")],
  [{ id: "ws-1", name: "One", area: "n1", address: "", trade: "" }],
);

test("a path leaves out the root that all share, and an area holds all below it", () => {
  assert.deepEqual(places.path("n1"), ["NORTH", "N1"]);
  assert.deepEqual(places.path(null), []);
  assert.deepEqual([...places.within("north")].sort(), ["n1", "north"]);
  assert.deepEqual(places.path("nowhere"), ["nowhere"]);
});

test("two roots are both worth a word, and a ring ends", () => {
  assert.deepEqual(new Places([area("a", null), area("b", null)]).path("a"), ["A"]);
  assert.deepEqual(new Places([area("a", "b"), area("b", "a")]).path("a"), ["B", "A"]);
});

test("groups: the worst workshop first in its area, the worst area first, the rest by name", () => {
  const all = [status({}, "ws-3", "n1"), status({}, "ws-1", "n1"), status({}, "ws-2", "s1"), status({}, "ws-9", null)];
  const groups = groupByArea(all, new Map([["ws-2", "trouble"], ["ws-3", "trouble"]]), places);
  assert.deepEqual(
    groups.map((group) => [group.name, group.abnormal, group.workshops.map(({ workshop }) => workshop.id)]),
    [["NORTH", 1, ["ws-3", "ws-1"]], ["SOUTH", 1, ["ws-2"]], ["", 0, ["ws-9"]]],
  );
  const fire = groupByArea(all, new Map([["ws-2", "fire"], ["ws-3", "trouble"]]), places);
  assert.equal(fire[0]?.name, "SOUTH");
});

test("stale: devices, and nothing heard for long", () => {
  assert.ok(!isStale(status({ last: 1_000 }), 1_000 + STALE_MS));
  assert.ok(isStale(status({ last: 1_000 }), 1_001 + STALE_MS));
  assert.ok(isStale(status({ last: null }), 0));
  assert.ok(!isStale(status({ last: null, devices: { total: 0, online: 0 } }), 0));
});
