/** Alarms, readings and workshops to test with. */

import type { AlarmEvent, AlarmRecord, Facts, Reading, WorkshopStatus } from "../src/api/types";

export function alarm(given: Partial<Omit<AlarmRecord, "facts">> & { facts?: Partial<Facts> } = {}): AlarmRecord {
  const { facts, ...rest } = given;
  return {
    id: "a",
    revision: 1,
    rule: "smoke-fire",
    rule_version: 1,
    class: "fire",
    severity: 860,
    open: true,
    state: "B",
    facts: { active: true, acked: false, latched: false, signal_lost: false, late: false, test: false, ...facts },
    workshop: "ws-1",
    zone: "ws-1-waste",
    device: "d-1",
    channel: "12",
    channel_name: "smoke",
    kind: "smoke",
    unit: "%/m",
    value: 5,
    limit: 4,
    onset: 1_000,
    raised: 1_100,
    returned: null,
    acked: null,
    acked_by: null,
    closed: null,
    verdict: null,
    cause: null,
    title: { en: "Dense smoke", zh: "烟雾浓度达到火警值" },
    guidance: { en: "Call", zh: "致电" },
    ...rest,
  };
}

export function reading(given: Partial<Reading> = {}): Reading {
  return {
    channel: "12",
    workshop: "ws-1",
    device: "d-1",
    name: "smoke",
    kind: "smoke",
    unit: "%/m",
    value: 0.2,
    time: 1_000,
    received: 1_010,
    quality: [],
    ...given,
  };
}

export function status(given: Partial<WorkshopStatus> = {}, id = "ws-1", area: string | null = "grid"): WorkshopStatus {
  return {
    workshop: { id, name: `Workshop ${id}`, area, address: "" },
    worst: null,
    open: { fire: 0, prewarning: 0, supervisory: 0, trouble: 0 },
    devices: { total: 2, online: 2 },
    last: 500,
    highlights: { smoke: { value: 0.1, unit: "%/m", channel: "12", time: 500 } },
    ...given,
  };
}

export function event(given: Partial<AlarmEvent> = {}): AlarmEvent {
  return { id: "e1", seq: 1, kind: "raised", happened: 1_000, known: 1_100, who: null, why: null, ...given };
}
