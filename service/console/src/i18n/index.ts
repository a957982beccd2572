/** The words of the language that this screen speaks. */

import { computed } from "@preact/signals";

import type { Text } from "../api/types";
import { language } from "../settings";
import { en } from "./en";
import { zh } from "./zh";

export const words = computed(() => (language.value === "zh" ? zh : en));

/** A text that comes in both languages; the other one where one is empty. */
export function said(text: Text): string {
  const other = language.value === "zh" ? text.en : text.zh;
  return text[language.value] || other;
}
