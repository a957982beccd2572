/** A value between its limits: a moving mark on a scale, the alarm ranges drawn behind it. */

import { fraction, type Limit, span } from "../domain/limits";

const WIDTH = 100;

export function Bar({ value, kind, limits }: { value: number | null; kind: string; limits: readonly Limit[] }) {
  const scale = span(kind, limits);
  if (scale === null || value === null) return null;
  const at = fraction(value, scale) * WIDTH;
  return (
    <svg class="bar" viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width={WIDTH} height="6" />
      {[...limits].reverse().map((limit) => {
        const from = fraction(limit.value, scale) * WIDTH;
        const [x, width] = limit.above ? [from, WIDTH - from] : [0, from];
        return <rect key={`${limit.class}${limit.above}`} class={`bar-limit is-${limit.class}`} x={x} width={width} height="6" />;
      })}
      <rect class="bar-value" width={at} y="1.5" height="3" />
      <rect class="bar-mark" x={Math.min(WIDTH - 2, Math.max(0, at - 1))} width="2" height="6" />
    </svg>
  );
}
