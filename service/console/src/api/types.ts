/** The HTTP API's shapes. Times are ms since the epoch, UTC; a channel's id is a decimal text (64 bits). */

export type AlarmClass = "fire" | "prewarning" | "supervisory" | "trouble";
export const CLASSES: readonly AlarmClass[] = ["fire", "prewarning", "supervisory", "trouble"];

export type Verdict = "fire" | "test" | "drill" | "nuisance" | "fault" | "unknown";
export const VERDICTS: readonly Verdict[] = ["fire", "nuisance", "test", "drill", "fault", "unknown"];

export type Role = "admin" | "operator" | "officer" | "owner" | "viewer";
export type EventKind =
  | "raised"
  | "worsened"
  | "eased"
  | "returned"
  | "reactivated"
  | "signal_lost"
  | "signal_back"
  | "acked"
  | "reset"
  | "verdict"
  | "comment"
  | "closed";

export interface Text {
  en: string;
  zh: string;
}

export interface Facts {
  active: boolean;
  acked: boolean;
  latched: boolean;
  signal_lost: boolean;
  late: boolean;
  test: boolean;
}

/** One episode. `revision` counts its transitions; `state` is the ISA-18.2 letter. */
export interface AlarmRecord {
  id: string;
  revision: number;
  rule: string;
  rule_version: number;
  class: AlarmClass;
  severity: number;
  open: boolean;
  state: string;
  facts: Facts;
  workshop: string;
  zone: string | null;
  device: string | null;
  channel: string | null;
  channel_name: string | null;
  kind: string | null;
  unit: string;
  value: number | null;
  limit: number | null;
  onset: number;
  raised: number;
  returned: number | null;
  acked: number | null;
  acked_by: string | null;
  closed: number | null;
  verdict: Verdict | null;
  cause: string | null;
  title: Text;
  guidance: Text;
}

/** One step of an alarm's life: when it happened, and when we knew. */
export interface AlarmEvent {
  id: string;
  seq: number;
  kind: EventKind;
  happened: number;
  known: number;
  who: string | null;
  why: string | null;
}

export interface AlarmDetail {
  alarm: AlarmRecord;
  events: AlarmEvent[];
}

export interface Highlight {
  value: number;
  unit: string;
  channel: string;
  time: number;
}

export interface WorkshopStatus {
  workshop: { id: string; name: string; area: string | null; address: string };
  worst: AlarmClass | null;
  open: Record<AlarmClass, number>;
  devices: { total: number; online: number };
  last: number | null;
  highlights: Record<string, Highlight>;
}

export interface ChannelState {
  channel: string;
  device: string;
  name: string;
  kind: string;
  unit: string;
  zone: string | null;
  value: number | null;
  time: number | null;
  received: number | null;
  quality: string[];
}

export interface WorkshopDetail {
  as_of: number;
  workshop: WorkshopStatus["workshop"];
  channels: ChannelState[];
  alarms: AlarmRecord[];
}

export interface Reading {
  channel: string;
  workshop: string;
  device: string;
  name: string;
  kind: string;
  unit: string;
  value: number;
  time: number;
  received: number;
  quality: string[];
}

export interface Fault {
  part: string;
  word: string;
  text: string;
  since: number | null;
}

export interface SystemState {
  ok: boolean;
  as_of: number;
  faults: Fault[];
}

export interface Snapshot {
  as_of: number;
  status: WorkshopStatus[];
  alarms: AlarmRecord[];
  system: SystemState;
}

/** `transition` null: the alarm as a retained list had it, how it came there is not told. */
export interface AlarmNews {
  transition: AlarmEvent | null;
  alarm: AlarmRecord;
}

export interface Me {
  name: string;
  role: Role;
  area: string | null;
  workshop: string | null;
  language: string;
}

export interface Area {
  id: string;
  name: string;
  kind: string;
  parent: string | null;
}

export interface Workshop {
  id: string;
  name: string;
  area: string;
  address: string;
  trade: string;
}

export interface Zone {
  id: string;
  workshop: string;
  name: string;
  kind: string;
}

export interface Device {
  id: string;
  workshop: string;
  zone: string | null;
  model: string;
  supervision: string;
  period: number | null;
}

export interface Contact {
  id: string;
  name: string;
  workshop: string | null;
  role: string;
  language: string;
  mail: string | null;
  webhook: string | null;
}

export interface Point {
  time: number;
  value: number;
}

export interface Bucket {
  time: number;
  min: number;
  avg: number;
  max: number;
  count: number;
}

export interface History {
  channel: string;
  unit: string;
  step: number;
  items: (Point | Bucket)[];
}

export interface Rule {
  type: "threshold" | "verdict" | "supervision";
  id: string;
  version: number;
  class: AlarmClass;
  severity: number;
  title: Text;
  guidance: Text;
  scope: { kinds?: string[]; zone_kinds?: string[]; workshops?: string[]; devices?: string[] };
  latch?: boolean;
  enabled?: boolean;
  above?: number | null;
  below?: number | null;
  reset?: number | null;
  delay_on?: number;
  delay_off?: number;
  intervals?: Record<string, number>;
}

export interface Message {
  id: string;
  alarm: string;
  transition: string;
  contact: string;
  contact_name: string;
  channel: string;
  address: string;
  language: string;
  subject: string;
  text: string;
  state: "queued" | "sending" | "delivered" | "refused" | "unknown";
  reason: string | null;
  attempts: number;
  queued: number;
  sent: number | null;
}

export interface DiscoveredChannel {
  id: string;
  name: string;
  kind: string;
  unit: string;
  value: number | null;
  time: number | null;
}

export interface Discovered {
  id: string;
  first_seen: number;
  last_seen: number;
  attributes: Record<string, unknown>;
  channels: DiscoveredChannel[];
}

export interface DeadLetter {
  id: string | number;
  time: number;
  gateway: string;
  topic: string;
  payload: string;
  reason: string;
  detail: string;
}

export interface Readiness {
  ok: boolean;
  parts: Record<string, { ok: boolean; text: string }>;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}
