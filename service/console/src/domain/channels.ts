/** Names and groups of channels: `current.l1` is the kind `current` with a suffix. */

import type { ChannelState } from "../api/types";

/** What counts for fire comes first, in lists and among charts. */
const ORDER = [
  "smoke_alarm",
  "heat_alarm",
  "manual_call",
  "smoke",
  "temperature",
  "cable_temperature",
  "residual_current",
  "load",
  "current",
  "voltage",
  "power",
  "energy",
  "humidity",
  "tamper",
  "online",
  "battery",
];

export const suffixOf = (name: string): string => name.slice(name.indexOf(".") + 1 || name.length);

export function compareChannels(a: ChannelState, b: ChannelState): number {
  return place(a.kind) - place(b.kind) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function place(kind: string): number {
  const at = ORDER.indexOf(kind);
  return at < 0 ? ORDER.length : at;
}

/** Channels worth a chart beside an alarm: measurements, the alarm's device first, then its zone, then the rest. */
export function companions(
  channels: readonly ChannelState[],
  alarm: { channel: string | null; device: string | null; zone: string | null },
  most: number,
): ChannelState[] {
  const far = (c: ChannelState) => (c.device === alarm.device ? 0 : alarm.zone !== null && c.zone === alarm.zone ? 1 : 2);
  return channels
    .filter((c) => c.channel !== alarm.channel && CHARTED.has(c.kind))
    .sort((a, b) => far(a) - far(b) || compareChannels(a, b))
    .slice(0, most);
}

export const CHARTED: ReadonlySet<string> = new Set([
  "smoke",
  "temperature",
  "cable_temperature",
  "residual_current",
  "load",
  "current",
  "power",
  "voltage",
  "humidity",
]);
