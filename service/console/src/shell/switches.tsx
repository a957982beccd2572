import { words } from "../i18n";
import { type Language, language, type Theme, theme } from "../settings";

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const ICONS: Record<Theme, string> = {
  auto: "M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5a6.5 6.5 0 0 1 0 13",
  light: "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM8 .5v2m0 11v2M.5 8h2m11 0h2M2.7 2.7l1.4 1.4m7.8 7.8 1.4 1.4m0-10.6-1.4 1.4M4.1 11.9l-1.4 1.4",
  dark: "M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z",
};

export function LanguageSwitch() {
  return (
    <span class="pair" role="group" aria-label={words.value.shell.language}>
      <One of="zh" text="中文" lang="zh-CN" />
      <One of="en" text="EN" lang="en" />
    </span>
  );
}

function One({ of, text, lang }: { of: Language; text: string; lang: string }) {
  const press = () => {
    language.value = of;
  };
  return (
    <button type="button" lang={lang} data-testid={`lang-${of}`} aria-pressed={language.value === of} onClick={press}>
      {text}
    </button>
  );
}

export function ThemeSwitch() {
  const text = words.value.shell.theme[theme.value];
  const press = () => {
    theme.value = NEXT[theme.value];
  };
  return (
    <button type="button" class="plain icon" onClick={press} title={text} aria-label={text}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path class={theme.value === "auto" ? "half" : "line"} d={ICONS[theme.value]} />
      </svg>
    </button>
  );
}
