/** A channel's chart with its own head line: name, the value under the cursor or the last, and what is missing. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { Problem } from "../api/client";
import * as ask from "../api/queries";
import { clock, figure } from "../domain/format";
import type { Limit } from "../domain/limits";
import { isDark, language } from "../settings";
import { words } from "../i18n";
import { serverNow } from "../live/clock";
import { watchChannel } from "../live/store";
import { Value, valueText } from "../ui/value";
import { loadPlot, plotCode } from "./code";
import type { Mark } from "./plot";
import { Series, stepFor } from "./series";

interface Props {
  channel: string;
  kind: string;
  unit: string;
  name: string;
  /** ms; `to` null: goes on live. */
  from: number;
  to: number | null;
  limits: readonly Limit[];
  marks?: readonly Mark[];
  height: number;
  sync: string;
}

type State = "loading" | "failed" | "drawn";

export function Chart({ channel, kind, unit, name, from, to, limits, marks = [], height, sync }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const series = useRef(new Series());
  const state = useSignal<State>("loading");
  const cursor = useSignal<number | null>(null);
  const version = useSignal(0);
  const redraw = useRef<() => void>(() => undefined);

  useEffect(() => {
    let over = false;
    series.current = new Series();
    state.value = "loading";
    const end = to ?? serverNow();
    const early: { time: number; value: number }[] = [];
    const stop = to === null ? watchChannel(channel, (readings) => take(readings)) : () => undefined;
    const take = (readings: readonly { time: number; value: number }[]) => {
      if (state.peek() === "loading") early.push(...readings);
      else if (series.current.append(readings)) {
        version.value += 1;
        redraw.current();
      }
    };
    ask
      .readings(channel, from, end + 1, stepFor(end - from))
      .then((history) => new Series(history.items))
      .catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        return null;
      })
      .then((read) => {
        if (over) return;
        if (read) series.current = read;
        series.current.append(early);
        state.value = read ? "drawn" : "failed";
        version.value += 1;
      });
    return () => {
      over = true;
      stop();
    };
  }, [channel, from, to]);

  const isEmpty = series.current.length === 0;
  const looks = `${isDark.value} ${language.value} ${limits.map((l) => `${l.class}${l.value}`).join()} ${marks.map((m) => m.at).join()}`;
  useEffect(() => {
    loadPlot();
    const Code = plotCode.value;
    if (!host.current || isEmpty || !Code) return undefined;
    const plot = new Code(host.current, series.current, {
      kind,
      height,
      limits,
      marks,
      sync,
      limitText: (limit) => `${words.peek().class[limit.class]} ${figure(limit.value, null)}`,
      booleanText: (value) => words.peek().boolean[kind]?.[value ? 1 : 0] ?? String(value),
      onCursor: (index) => (cursor.value = index),
    });
    redraw.current = () => plot.draw(from, to ?? serverNow());
    redraw.current();
    return () => {
      redraw.current = () => undefined;
      plot.end();
    };
  }, [series.current, isEmpty, plotCode.value, looks, from, to, height]);

  void version.value;
  return (
    <figure class="chart">
      <Head series={series.current} index={cursor.value} {...{ name, kind, unit }} />
      <div class="chart-plot" ref={host} role="img" aria-label={label(name, series.current, kind, unit)}>
        {isEmpty && <p class={`chart-none is-${state.value}`}>{words.value.chart[state.value === "drawn" ? "none" : state.value]}</p>}
      </div>
    </figure>
  );
}

function Head({ series, index, name, kind, unit }: { series: Series; index: number | null; name: string; kind: string; unit: string }) {
  const at = index !== null && index < series.length ? index : series.length - 1;
  const time = series.times[at];
  return (
    <figcaption class="chart-head">
      <span>{name}</span>
      {time !== undefined && (
        <span class={index === null ? "" : "is-cursor"}>
          <Value value={series.values[at]} kind={kind} unit={unit} />
          <span class="soft figure"> {clock(time * 1000)}</span>
        </span>
      )}
    </figcaption>
  );
}

function label(name: string, series: Series, kind: string, unit: string): string {
  const extent = series.extent(-Infinity, Infinity);
  if (!extent) return `${name}: ${words.value.chart.none}`;
  const text = (value: number | undefined) => valueText(value, kind, unit);
  return words.value.chart.label(name, text(extent[0]), text(extent[1]), text(series.values.at(-1)));
}
