/** uPlot for one channel: a line, its band where buckets are drawn, limits, and what happened when. */

import uPlot from "uplot";

import { BOOLEAN_KINDS, figure } from "../domain/format";
import type { Limit } from "../domain/limits";
import { rangeOf, type Series } from "./series";

export interface Mark {
  at: number;
  text: string;
}

export interface Looks {
  kind: string;
  height: number;
  limits: readonly Limit[];
  marks: readonly Mark[];
  /** The word of a limit's class. */
  limitText(limit: Limit): string;
  /** What 0 and 1 mean. */
  booleanText(value: number): string;
  /** Where the cursor is: the index of a sample, or null. */
  onCursor(index: number | null): void;
  /** Charts of one key share the cursor. */
  sync: string;
}

const FONT = '11px -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", Arial, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei", sans-serif';

export class Plot {
  private readonly plot: uPlot;
  private readonly resize: ResizeObserver;
  private drawn: [number, number] = [0, 1];

  constructor(
    private readonly host: HTMLElement,
    private readonly series: Series,
    private readonly looks: Looks,
  ) {
    this.plot = new uPlot(this.options(), [[], [], [], []], host);
    this.resize = new ResizeObserver(() => this.plot.setSize({ width: host.clientWidth, height: looks.height }));
    this.resize.observe(host);
  }

  /** Draw what the series holds between two times, ms. */
  draw(from: number, to: number): void {
    const { times, values, lows, highs } = this.series;
    const { limits, kind } = this.looks;
    const bounds = limits.filter((limit) => limit.above).map((limit) => limit.value);
    const extent = this.series.extent(from, to) ?? [0, 1];
    this.drawn = BOOLEAN_KINDS.has(kind) ? [-0.15, 1.15] : rangeOf(extent, nearest(bounds, extent[1]));
    this.plot.batch(() => {
      this.plot.setData([times, values, lows, highs], false);
      this.plot.setScale("x", { min: from / 1000, max: to / 1000 });
    });
  }

  end(): void {
    this.resize.disconnect();
    this.plot.destroy();
  }

  private colour(name: string): string {
    return getComputedStyle(this.host).getPropertyValue(name).trim();
  }

  private options(): uPlot.Options {
    const { kind, height, onCursor, sync } = this.looks;
    const [ink, soft, line, band] = ["--ink", "--soft", "--line", "--band"].map((name) => this.colour(name)) as [string, string, string, string];
    const isBoolean = BOOLEAN_KINDS.has(kind);
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const axis: uPlot.Axis = { stroke: soft, font: FONT, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 } };
    return {
      width: this.host.clientWidth || 300,
      height,
      pxAlign: 1,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: sync } },
      scales: { x: { time: true }, y: { range: () => this.drawn } },
      axes: [
        { ...axis, size: 26, space: 60, values: (_, splits) => splits.map(hourMinute) },
        {
          ...axis,
          size: isBoolean ? 62 : 46,
          space: 28,
          ...(isBoolean ? { splits: [0, 1] } : {}),
          values: (_, splits) => splits.map((value) => (isBoolean ? this.looks.booleanText(value) : figureOf(value, splits))),
        },
      ],
      series: [
        {},
        { stroke: ink, width: 1.5, points: { show: false }, gaps: (plot, _, from, to) => this.gaps(plot, from, to), ...(isBoolean && stepped ? { paths: stepped } : {}) },
        { stroke: "transparent", points: { show: false } },
        { stroke: "transparent", points: { show: false } },
      ],
      bands: [{ series: [3, 2], fill: band }],
      hooks: { draw: [(plot) => this.decorate(plot)], setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
    };
  }

  /** Where nobody measured there is no line. */
  private gaps(plot: uPlot, from: number, to: number): [number, number][] {
    const { times, longestStep } = this.series;
    const found: [number, number][] = [];
    for (let i = from + 1; i <= to; i++) {
      const [before, after] = [times[i - 1] as number, times[i] as number];
      if (after - before > longestStep) found.push([plot.valToPos(before, "x", true), plot.valToPos(after, "x", true)]);
    }
    return found;
  }

  private decorate(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio || 1;
    ctx.save();
    ctx.font = FONT.replace("11px", `${11 * scale}px`);
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = scale;
    ctx.setLineDash([5 * scale, 4 * scale]);
    const labelled: number[] = [];
    for (const limit of this.looks.limits) {
      if (limit.value < this.drawn[0] || limit.value > this.drawn[1]) continue;
      const y = Math.round(plot.valToPos(limit.value, "y", true));
      ctx.strokeStyle = ctx.fillStyle = this.colour(`--${limit.class}-line`);
      segment(ctx, bbox.left, y, bbox.left + bbox.width, y);
      // Two limits that stand close: the worse one keeps its word.
      if (labelled.some((other) => Math.abs(other - y) < 13 * scale)) continue;
      labelled.push(y);
      ctx.textAlign = "left";
      const isHigh = y - bbox.top < 14 * scale;
      ctx.fillText(this.looks.limitText(limit), bbox.left + 4 * scale, isHigh ? y + 13 * scale : y - 4 * scale);
    }
    ctx.setLineDash([]);
    const high = BOOLEAN_KINDS.has(this.looks.kind) ? 0.35 : 0;
    ctx.strokeStyle = ctx.fillStyle = this.colour("--ink");
    for (const { at, text } of this.looks.marks) {
      const x = Math.round(plot.valToPos(at / 1000, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      segment(ctx, x, bbox.top, x, bbox.top + bbox.height);
      const isRight = x > bbox.left + bbox.width * 0.75;
      ctx.textAlign = isRight ? "right" : "left";
      if (text) ctx.fillText(text, isRight ? x - 4 * scale : x + 4 * scale, bbox.top + high * bbox.height + 11 * scale);
    }
    ctx.restore();
  }
}

function segment(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

/** The limits at or below the highest value, and the next one above it: the rest would flatten the line. */
function nearest(limits: readonly number[], highest: number): number[] {
  const sorted = [...limits].sort((a, b) => a - b);
  const next = sorted.findIndex((limit) => limit > highest);
  return next < 0 ? sorted : sorted.slice(0, next + 1);
}

function hourMinute(at: number): string {
  const time = new Date(at * 1000);
  const text = time.toTimeString().slice(0, 8);
  return text.endsWith(":00") ? text.slice(0, 5) : text;
}

function figureOf(value: number, splits: readonly number[]): string {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
  return figure(Number(value.toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0)), null);
}
