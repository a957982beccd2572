/** Name and password. `over`: the page stands below, as it was, until somebody signs in again. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { Problem } from "../api/client";
import { words } from "../i18n";
import { begin, me, phase, signIn } from "../session";
import { LanguageSwitch, ThemeSwitch } from "../shell/switches";

const AGAIN_MS = 3_000;

export function SignIn({ over = false }: { over?: boolean }) {
  const say = words.value;
  return (
    <div class={`sign-in ${over ? "is-over" : ""}`} {...(over ? { role: "dialog", "aria-modal": "true" } : {})}>
      <div class="sign-in-card">
        <div class="sign-in-head">
          <div>
            <h1>{say.brand}</h1>
            <p class="soft">{say.tagline}</p>
          </div>
          <div class="sign-in-tools">
            <LanguageSwitch />
            <ThemeSwitch />
          </div>
        </div>
        {phase.value === "unreachable" ? <Unreachable /> : <Form over={over} />}
        <p class="soft sign-in-foot">{say.notCertified}</p>
      </div>
    </div>
  );
}

function Form({ over }: { over: boolean }) {
  const say = words.value.signIn;
  const name = useSignal(over ? (me.value?.name ?? "") : "");
  const password = useSignal("");
  const wrong = useSignal("");
  const busy = useSignal(false);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => (over ? second : first).current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    wrong.value = "";
    try {
      await signIn(name.value, password.value);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const known = error.status === 429 ? say.tooMany : error.status === 0 || error.status >= 500 ? say.unreachable : say.wrong;
      wrong.value = known;
      password.value = "";
      second.current?.focus();
    } finally {
      busy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {over && (
        <p class="refusal" role="alert">
          {say.lost} {say.notLive}
        </p>
      )}
      <label>
        {say.name}
        <input
          ref={first}
          data-testid="signin-name"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
      </label>
      <label>
        {say.password}
        <input
          ref={second}
          data-testid="signin-password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          value={password.value}
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
      </label>
      <p class="refusal" role="alert" hidden={!wrong.value}>
        {wrong.value}
      </p>
      <button class="main" data-testid="signin-submit" disabled={busy.value}>
        {say.submit}
      </button>
    </form>
  );
}

function Unreachable() {
  useEffect(() => {
    const timer = setInterval(() => void begin(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div>
      <p class="refusal" role="alert">
        {words.value.signIn.unreachable}
      </p>
      <button type="button" onClick={() => void begin()}>
        {words.value.signIn.again}
      </button>
    </div>
  );
}
