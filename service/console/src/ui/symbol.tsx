/** A class as shape, colour and figure: told apart without colour. Filled: not taken yet; hollow: acknowledged. */

import type { AlarmClass } from "../api/types";
import { words } from "../i18n";

const SHAPES: Record<AlarmClass, { path: string; figure: string; y: number }> = {
  fire: { path: "M12 1 23 12 12 23 1 12z", figure: "1", y: 16.2 },
  prewarning: { path: "M12 2 23 21.5H1z", figure: "2", y: 18.4 },
  supervisory: { path: "M2.5 2.5h19v19h-19z", figure: "3", y: 16.2 },
  trouble: { path: "M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21z", figure: "4", y: 16.2 },
};

interface Props {
  of: AlarmClass;
  taken?: boolean;
  size?: number;
  /** The word stands beside it: then the symbol says nothing to a screen reader. */
  silent?: boolean;
}

export function Symbol({ of, taken = false, size = 20, silent = true }: Props) {
  const { path, figure, y } = SHAPES[of];
  return (
    <svg
      class={`symbol is-${of} ${taken ? "is-taken" : ""}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      {...(silent ? { "aria-hidden": "true" } : { role: "img", "aria-label": words.value.class[of] })}
    >
      <path d={path} />
      <text x="12" y={y} text-anchor="middle">
        {figure}
      </text>
    </svg>
  );
}

export function ClassMark({ of, taken = false }: { of: AlarmClass; taken?: boolean }) {
  return (
    <span class={`class-mark is-${of}`}>
      <Symbol of={of} taken={taken} />
      <b>{words.value.class[of]}</b>
    </span>
  );
}
