/** A channel's value in the reader's words: a figure with its unit, or what yes and no mean for its kind. */

import { BOOLEAN_KINDS, figure, unitOf } from "../domain/format";
import { words } from "../i18n";

export function valueText(value: number | null | undefined, kind: string | null, unit: string): string {
  if (value !== null && value !== undefined && kind !== null && BOOLEAN_KINDS.has(kind)) {
    return words.value.boolean[kind]?.[value ? 1 : 0] ?? String(value);
  }
  const text = figure(value, kind);
  return text === "–" || !unit ? text : `${text} ${unitOf(unit)}`;
}

/** A limit as its rule says it: no more decimals than it has. */
export function limitText(value: number, unit: string): string {
  return `${figure(value, null)} ${unitOf(unit)}`.trim();
}

export function kindText(kind: string | null, name?: string | null): string {
  const base = kind === null ? "" : (words.value.kind[kind] ?? kind);
  const dot = name?.indexOf(".") ?? -1;
  return dot < 0 ? base || (name ?? "") : `${base} ${(name as string).slice(dot + 1).toUpperCase()}`;
}

/** The figure stands out, the unit does not. */
export function Value({ value, kind, unit }: { value: number | null | undefined; kind: string | null; unit: string }) {
  const text = valueText(value, kind, unit);
  const gap = text.indexOf(" ");
  if (gap < 0 || (kind !== null && BOOLEAN_KINDS.has(kind))) return <b class="figure">{text}</b>;
  return (
    <>
      <b class="figure">{text.slice(0, gap)}</b>
      <span class="unit">{text.slice(gap)}</span>
    </>
  );
}
