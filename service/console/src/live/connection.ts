/** The one live stream of this page, on the browser's own EventSource. */

import { signal } from "@preact/signals";

import { PREFIX, Problem } from "../api/client";
import * as ask from "../api/queries";
import type { AlarmNews, Reading, Snapshot, SystemState, WorkshopStatus } from "../api/types";
import { learn, serverNow } from "./clock";
import * as store from "./store";
import { type EventType, LiveStream, type Listener, type Surroundings } from "./stream";

export type Connection =
  | { state: "opening" }
  | { state: "live" }
  /** `since`: the last sign of life; `retry`: when the next try begins; both by the server's clock. */
  | { state: "lost"; since: number; retry: number };

export const connection = signal<Connection>({ state: "opening" });

/** So long a workshop's count of alarms may differ from ours, alarms and counts being told apart; then all is read anew. */
const DOUBT_MS = 3_000;

const TAKE: Record<EventType, (data: never) => void> = {
  snapshot: (data: Snapshot) => {
    learn(data.as_of);
    store.takeSnapshot(data);
  },
  reading: (data: Reading) => store.takeReading(data),
  alarm: (data: AlarmNews) => store.takeAlarm(data),
  status: (data: WorkshopStatus) => {
    store.takeStatus(data);
    const { id } = data.workshop;
    if (!store.agreesOn(id)) setTimeout(() => !store.agreesOn(id) && connection.peek().state === "live" && reconnect(), DOUBT_MS);
  },
  system: (data: SystemState) => {
    learn(data.as_of);
    store.takeSystem(data);
  },
};

const browser: Surroundings = {
  open: () => new EventSource(`${PREFIX}/live`),
  now: serverNow,
  random: Math.random,
  later: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  signedIn: () =>
    ask.me().then(
      () => true,
      (error: unknown) => (error instanceof Problem && error.status === 401 ? false : null),
    ),
};

let stream: LiveStream | null = null;

export function connect(sessionLost: () => void): void {
  const listener: Listener = {
    event: (type, data) => TAKE[type](data as never),
    live: () => (connection.value = { state: "live" }),
    // Since the first failure, not the last: the honest answer to "how old is this picture?".
    lost: (since, retry) => {
      const { value } = connection;
      connection.value = { state: "lost", since: value.state === "lost" ? value.since : since, retry };
    },
    sessionLost,
  };
  stream?.stop();
  stream = new LiveStream(browser, listener);
  stream.start();
}

export function reconnect(): void {
  stream?.start();
}

export function disconnect(): void {
  stream?.stop();
  if (connection.value.state === "live") connection.value = { state: "lost", since: serverNow(), retry: 0 };
}

// A laptop that wakes, or a network that is back, need not wait for the next try.
addEventListener("online", () => {
  if (connection.value.state === "lost" && connection.value.retry) reconnect();
});
