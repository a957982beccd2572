/** A value in its context: the limits of the rules that watch a channel. */

import type { AlarmClass, Rule } from "../api/types";
import { rank } from "./order";

export interface Limit {
  value: number;
  class: AlarmClass;
  above: boolean;
}

export interface Watched {
  kind: string;
  zoneKind: string;
  workshop: string;
  device: string;
}

/** The limits on a channel, the worst class first; of each class and direction only the one that is met first. */
export function limitsOf(channel: Watched, rules: Iterable<Rule>): Limit[] {
  const found = new Map<string, Limit>();
  for (const rule of rules) {
    if (rule.type !== "threshold" || rule.enabled === false || !watches(rule, channel)) continue;
    const above = typeof rule.above === "number";
    const value = above ? rule.above : rule.below;
    if (typeof value !== "number") continue;
    const key = `${rule.class} ${above}`;
    const known = found.get(key);
    if (known === undefined || (above ? value < known.value : value > known.value)) {
      found.set(key, { value, class: rule.class, above });
    }
  }
  return [...found.values()].sort((a, b) => rank(a.class) - rank(b.class));
}

function watches({ scope }: Rule, channel: Watched): boolean {
  const holds = (list: string[] | undefined, own: string) => !list?.length || list.includes(own);
  return (
    holds(scope.kinds, channel.kind) &&
    holds(scope.zone_kinds, channel.zoneKind) &&
    holds(scope.workshops, channel.workshop) &&
    holds(scope.devices, channel.device)
  );
}

/** The worst limit that a value has passed. */
export function exceeded(value: number, limits: readonly Limit[]): Limit | null {
  return limits.find((limit) => (limit.above ? value > limit.value : value < limit.value)) ?? null;
}

// Where a bar starts and ends when no rule gives it a scale.
const SPANS: Record<string, [number, number]> = {
  temperature: [0, 60],
  cable_temperature: [0, 80],
  smoke: [0, 5],
  load: [0, 120],
  residual_current: [0, 400],
  humidity: [0, 100],
  battery: [0, 100],
  voltage: [180, 260],
};

/** Start and end of a kind's bar, so that its highest limit stands at four fifths; null: no bar. */
export function span(kind: string, limits: readonly Limit[]): [number, number] | null {
  const usual = SPANS[kind];
  const highest = Math.max(...limits.filter((limit) => limit.above).map((limit) => limit.value));
  if (Number.isFinite(highest)) return [usual?.[0] ?? 0, highest * 1.25];
  return usual ?? null;
}

/** A value's place in a span, 0 to 1. */
export function fraction(value: number, [from, to]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}
