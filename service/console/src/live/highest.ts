/** The largest value of each kind in a workshop, kept right as values fall: the stream tells channels, not maxima. */

import type { Highlight, Reading, WorkshopStatus } from "../api/types";

export class Highest {
  private readonly kinds = new Map<string, Map<string, Highlight>>();

  constructor(status: WorkshopStatus) {
    this.learn(status);
  }

  /** What the server found largest. */
  learn(status: WorkshopStatus): void {
    for (const [kind, highlight] of Object.entries(status.highlights)) this.put(kind, highlight);
  }

  /** The status after a reading; the same object where nothing that it shows changed. */
  merge(status: WorkshopStatus, reading: Reading): WorkshopStatus {
    const { kind, channel, unit, value, time } = reading;
    const last = Math.max(status.last ?? 0, reading.received);
    const aged = last === status.last ? status : { ...status, last };
    if (!(kind in status.highlights) || !this.put(kind, { channel, unit, value, time })) return aged;
    const top = this.top(kind);
    return top === undefined || top === status.highlights[kind]
      ? aged
      : { ...aged, highlights: { ...aged.highlights, [kind]: top } };
  }

  private put(kind: string, highlight: Highlight): boolean {
    const channels = this.kinds.get(kind) ?? new Map<string, Highlight>();
    this.kinds.set(kind, channels);
    const known = channels.get(highlight.channel);
    if (known !== undefined && known.time > highlight.time) return false;
    channels.set(highlight.channel, highlight);
    return true;
  }

  private top(kind: string): Highlight | undefined {
    let top: Highlight | undefined;
    for (const one of this.kinds.get(kind)?.values() ?? []) if (top === undefined || one.value > top.value) top = one;
    return top;
  }
}
