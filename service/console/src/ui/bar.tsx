/** A value on its scale with the limits as ticks: grey while it is within them. */

import { exceeded, fraction, type Limit, span } from "../domain/limits";

const WIDTH = 100;

export function Bar({ value, kind, limits }: { value: number | null; kind: string; limits: readonly Limit[] }) {
  const scale = span(kind, limits);
  if (scale === null || value === null) return null;
  const at = fraction(value, scale) * WIDTH;
  const over = exceeded(value, limits);
  return (
    <svg class="bar" viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width={WIDTH} y="1" height="4" />
      <rect class={over ? `bar-over is-${over.class}` : "bar-value"} width={Math.max(at, 1)} y="1" height="4" />
      {limits.map((limit) => {
        const x = fraction(limit.value, scale) * WIDTH;
        return <line key={`${limit.class}${limit.above}`} class="bar-limit" x1={x} x2={x} y1="0" y2="6" />;
      })}
    </svg>
  );
}
