/** Where to go, whether we are live, sound, language, who is here. */

import { ofCentre } from "../domain/actions";
import { muted } from "../settings";
import { words } from "../i18n";
import { href, type PageName, route } from "../route";
import { me, role, signOut } from "../session";
import { counts } from "../live/store";
import { blocked, unlock } from "../sound/siren";
import { LanguageSwitch, ThemeSwitch } from "./switches";
import { ConnectionMark } from "./connection-mark";
import { showKeys } from "./keys";

const NAV: readonly PageName[] = ["queue", "workshops", "messages", "system"];
const UNDER: Partial<Record<PageName, PageName>> = { alarms: "queue", history: "queue" };

export function Header() {
  const { shell } = words.value;
  return (
    <header class="header">
      <a class="brand" href={href("queue")}>
        {words.value.brand}
      </a>
      <Nav />
      <div class="header-tools">
        <ConnectionMark />
        <SoundSwitch />
        <LanguageSwitch />
        <ThemeSwitch />
        <button type="button" class="plain wide-only" onClick={showKeys} title={shell.keys} aria-label={shell.keys}>
          ?
        </button>
        {me.value && (
          <span class="who" title={shell.role[me.value.role]}>
            <b>{me.value.name}</b> {shell.role[me.value.role] !== me.value.name && <span class="soft">{shell.role[me.value.role]}</span>}
          </span>
        )}
        <button type="button" class="plain" onClick={() => void signOut()}>
          {shell.signOut}
        </button>
      </div>
    </header>
  );
}

function Nav() {
  const here = UNDER[route.value.page] ?? route.value.page;
  const open = Object.values(counts.value).reduce((sum, { open }) => sum + open, 0);
  return (
    <nav class="nav">
      {NAV.filter((page) => page !== "messages" || ofCentre(role.value)).map((page) => (
        <a key={page} href={href(page)} {...(here === page ? { "aria-current": "page" as const } : {})}>
          {words.value.nav[page as "queue"]}
          {page === "queue" && open > 0 && <span class="nav-count">{open}</span>}
        </a>
      ))}
    </nav>
  );
}

function SoundSwitch() {
  const { shell } = words.value;
  const state = muted.value ? "off" : blocked.value ? "blocked" : "on";
  const text = { off: shell.soundOff, blocked: shell.soundBlocked, on: shell.soundOn }[state];
  const press = () => {
    unlock();
    if (state !== "blocked") muted.value = !muted.value;
  };
  return (
    <button type="button" class={`sound is-${state}`} onClick={press} aria-pressed={state === "on"}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path d="M2 6h3l4-3v10L5 10H2z" />
        {state === "on" ? <path class="line" d="M11 5.5a3.5 3.5 0 0 1 0 5M12.7 3.6a6 6 0 0 1 0 8.8" /> : <path class="line" d="m11 6 4 4m0-4-4 4" />}
      </svg>
      <span>{text}</span>
    </button>
  );
}

