/** A channel's course as columns: history first, then what comes live. Pure. */

import type { Bucket, Point } from "../api/types";

/** How many points a chart asks for at most. */
export const MOST_POINTS = 600;
const RAW_SPAN_MS = 3 * 3_600_000;
/** So much live on top; then the oldest go. */
export const MOST_LIVE = 5_000;

/** The step in s for a span: as stored where it is short, else so that the points are not too many. */
export function stepFor(spanMs: number): number {
  return spanMs <= RAW_SPAN_MS ? 0 : Math.max(60, Math.ceil(spanMs / 1000 / MOST_POINTS / 60) * 60);
}

interface Sample {
  time: number;
  value: number;
}

export class Series {
  /** s since the epoch, as uPlot counts. */
  readonly times: number[] = [];
  readonly values: number[] = [];
  readonly lows: (number | null)[] = [];
  readonly highs: (number | null)[] = [];

  constructor(items: readonly (Point | Bucket)[] = []) {
    for (const item of items) {
      const bucket = "avg" in item;
      this.push(item.time, bucket ? item.avg : item.value, bucket ? item.min : null, bucket ? item.max : null);
    }
  }

  get length(): number {
    return this.times.length;
  }

  /** Take live samples in; one that is older than the last goes to its place, one of the same time is the same. */
  append(samples: readonly Sample[]): boolean {
    const before = this.length;
    for (const { time, value } of samples) this.insert(time, value);
    const over = this.length - MOST_LIVE;
    if (over > 0) for (const column of [this.times, this.values, this.lows, this.highs]) column.splice(0, over);
    return this.length !== before || over > 0;
  }

  /** Nothing for longer than this (s) is a gap, not a line: five times the usual distance, half a minute at least. */
  get longestStep(): number {
    const steps = this.times.slice(1, 400).map((time, index) => time - (this.times[index] as number));
    const usual = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
    return Math.max(30, usual * 5);
  }

  /** Lowest and highest between two times (ms); null where nothing is. */
  extent(from: number, to: number): [number, number] | null {
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < this.length; i++) {
      const at = (this.times[i] as number) * 1000;
      if (at < from || at > to) continue;
      low = Math.min(low, this.lows[i] ?? (this.values[i] as number));
      high = Math.max(high, this.highs[i] ?? (this.values[i] as number));
    }
    return low <= high ? [low, high] : null;
  }

  private insert(time: number, value: number): void {
    const at = time / 1000;
    let place = this.length;
    while (place > 0 && (this.times[place - 1] as number) > at) place -= 1;
    if (place > 0 && this.times[place - 1] === at) return;
    this.times.splice(place, 0, at);
    this.values.splice(place, 0, value);
    this.lows.splice(place, 0, null);
    this.highs.splice(place, 0, null);
  }

  private push(time: number, value: number, low: number | null, high: number | null): void {
    this.times.push(time / 1000);
    this.values.push(value);
    this.lows.push(low);
    this.highs.push(high);
  }
}

/** The y range: the values, the limits worth seeing beside them, and some air. */
export function rangeOf(extent: readonly [number, number], limits: readonly number[]): [number, number] {
  const low = Math.min(extent[0], ...limits);
  const high = Math.max(extent[1], ...limits);
  const air = (high - low || Math.abs(high) || 1) * 0.12;
  return [low >= 0 && low - air < 0 ? 0 : low - air, high + air];
}
