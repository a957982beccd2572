/** The course of the alarm's own channel around its onset. */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { AlarmRecord } from "../../api/types";
import { Chart } from "../../chart/chart";
import { BOOLEAN_KINDS } from "../../domain/format";
import type { Limit } from "../../domain/limits";
import { words } from "../../i18n";
import { serverNow } from "../../live/clock";
import { limitsFor } from "../../live/register";
import { kindText } from "../../ui/value";

export type RangeName = "around" | "h6" | "h24";
const RANGES: readonly RangeName[] = ["around", "h6", "h24"];
const MINUTE = 60_000;
const BEFORE = 10 * MINUTE;
const AFTER = 60 * MINUTE;

interface Props {
  alarm: AlarmRecord;
  height: number;
  withRanges?: boolean;
}

export function Course({ alarm, height, withRanges = false }: Props) {
  const say = words.value;
  const range = useSignal<RangeName>("around");
  const span = useMemo(() => windowOf(alarm.onset, range.value), [alarm.onset, range.value]);
  return (
    <section class="course">
      <div class="section-head">
        <h2>{say.alarm.chart}</h2>
        {withRanges && (
          <span class="pair" role="group" aria-label={say.alarm.chart}>
            {RANGES.map((name) => (
              <button key={name} type="button" aria-pressed={range.value === name} onClick={() => (range.value = name)}>
                {say.alarm.range[name]}
              </button>
            ))}
          </span>
        )}
      </div>
      {alarm.channel === null ? (
        <p class="soft">{say.alarm.noChannel}</p>
      ) : (
        <Chart
          channel={alarm.channel}
          kind={alarm.kind ?? ""}
          unit={alarm.unit}
          name={`${kindText(alarm.kind, alarm.channel_name)} · ${alarm.device ?? ""}`}
          from={span.from}
          to={span.to}
          limits={limitsOfAlarm(alarm)}
          marks={marksOf(alarm)}
          height={BOOLEAN_KINDS.has(alarm.kind ?? "") ? 100 : height}
          sync={alarm.id}
        />
      )}
    </section>
  );
}

/** `to` null: up to now, and on. */
export function windowOf(onset: number, range: RangeName): { from: number; to: number | null } {
  const now = serverNow();
  if (range === "h6") return { from: now - 360 * MINUTE, to: null };
  if (range === "h24") return { from: now - 1440 * MINUTE, to: null };
  return { from: onset - BEFORE, to: onset + AFTER > now ? null : onset + AFTER };
}

export function marksOf(alarm: AlarmRecord): { at: number; text: string }[] {
  const say = words.value.chart;
  const marks = [{ at: alarm.onset, text: say.onset }];
  if (alarm.returned !== null) marks.push({ at: alarm.returned, text: say.returned });
  return marks;
}

/** The rules' limits on the channel, and the one that this alarm crossed, as it was then. */
function limitsOfAlarm(alarm: AlarmRecord): Limit[] {
  const limits = alarm.device === null || alarm.kind === null ? [] : limitsFor.value(alarm.device, alarm.kind);
  const { limit } = alarm;
  if (limit === null || limits.some((known) => known.value === limit)) return limits;
  return [...limits, { value: limit, class: alarm.class, above: alarm.value === null || alarm.value >= limit }];
}
