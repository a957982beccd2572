/** A channel's last hour, no larger than a word; read when it comes into view. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { Problem } from "../api/client";
import * as ask from "../api/queries";
import { serverNow } from "../live/clock";
import { watchChannel } from "../live/store";
import { Series } from "./series";

const HOUR = 3_600_000;
const STEP_S = 60;
const [WIDTH, HEIGHT] = [100, 24];

// A page of forty channels asks a few at a time.
const AT_ONCE = 4;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

export function Sparkline({ channel }: { channel: string }) {
  const host = useRef<SVGSVGElement>(null);
  const path = useSignal("");
  useEffect(() => {
    let over = false;
    let stop: () => void = () => undefined;
    const begin = async () => {
      const to = serverNow();
      try {
        const history = await inTurn(() => ask.readings(channel, to - HOUR, to, STEP_S));
        if (over) return;
        const series = new Series(history.items);
        path.value = outline(series, to);
        stop = watchChannel(channel, (readings) => {
          const last = series.times.at(-1) ?? 0;
          const next = readings.filter(({ time }) => time / 1000 >= last + STEP_S);
          if (series.append(next.slice(0, 1))) path.value = outline(series, serverNow());
        });
      } catch (error) {
        if (!(error instanceof Problem)) throw error; // without history the value itself still stands
      }
    };
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      void begin();
    });
    if (host.current) seen.observe(host.current);
    return () => {
      over = true;
      seen.disconnect();
      stop();
    };
  }, [channel]);
  return (
    <svg ref={host} class="sparkline" height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path.value} />
    </svg>
  );
}

/** The last hour before `to` as an SVG path; a flat line where nothing changes. */
export function outline(series: Series, to: number): string {
  const from = to - HOUR;
  const extent = series.extent(from, to);
  if (!extent) return "";
  const [low, high] = extent;
  const spread = high - low || 1;
  const gap = series.longestStep;
  let path = "";
  let before = -Infinity;
  let count = 0;
  series.times.forEach((at, index) => {
    const x = ((at * 1000 - from) / HOUR) * WIDTH;
    if (x < 0) return;
    const y = high === low ? HEIGHT / 2 : HEIGHT - 2 - (((series.values[index] as number) - low) / spread) * (HEIGHT - 4);
    path += `${at - before > gap ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    before = at;
    count += 1;
  });
  return count > 1 ? path : "";
}
