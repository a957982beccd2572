/** The live stream: one EventSource at a time, watched, opened again with patience, and honest about since when not. */

import { backoff } from "./backoff";

/** What of an EventSource is used. */
export interface Source {
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void;
  close(): void;
}

export interface Surroundings {
  open(): Source;
  now(): number;
  random(): number;
  later(ms: number, then: () => void): () => void;
  /** Whether a session stands: true, false (sign in again), or unknown because nobody answers. */
  signedIn(): Promise<boolean | null>;
}

export interface Listener {
  event(type: EventType, data: unknown): void;
  live(): void;
  /** `since`: the last sign of life. `retry`: when the next try begins. */
  lost(since: number, retry: number): void;
  sessionLost(): void;
}

export const EVENT_TYPES = ["snapshot", "reading", "alarm", "status", "system"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** No event for so long: half-open perhaps; ask anew. The service speaks every 10 s at the least. */
export const SILENCE_MS = 16_000;
/** A stream that opens gives its snapshot within this time, or it is none. */
export const OPENING_MS = 10_000;

export class LiveStream {
  private source: Source | null = null;
  private attempt = 0;
  private heard: number;
  private stopTimer: () => void = () => undefined;
  private ended = false;

  constructor(
    private readonly around: Surroundings,
    private readonly to: Listener,
  ) {
    this.heard = around.now();
  }

  /** Open it now, whatever waits. */
  start(): void {
    this.ended = false;
    this.close();
    const source = this.around.open();
    this.source = source;
    this.watch(OPENING_MS);
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (event) => {
        if (this.source === source) this.take(type, event.data);
      });
    }
    source.addEventListener("error", () => {
      if (this.source === source) void this.failed();
    });
  }

  stop(): void {
    this.ended = true;
    this.close();
  }

  private take(type: EventType, data: unknown): void {
    this.heard = this.around.now();
    this.watch(SILENCE_MS);
    if (type === "snapshot") {
      this.attempt = 0;
      this.to.live();
    }
    if (typeof data === "string") this.to.event(type, JSON.parse(data));
  }

  private async failed(): Promise<void> {
    this.close();
    const wait = backoff(this.attempt++, this.around.random());
    this.to.lost(this.heard, this.around.now() + wait);
    this.stopTimer = this.around.later(wait, () => this.start());
    if ((await this.around.signedIn()) === false && !this.ended) {
      this.stop();
      this.to.sessionLost();
    }
  }

  private watch(ms: number): void {
    this.stopTimer();
    this.stopTimer = this.around.later(ms, () => void this.failed());
  }

  private close(): void {
    this.stopTimer();
    this.stopTimer = () => undefined;
    this.source?.close();
    this.source = null;
  }
}
