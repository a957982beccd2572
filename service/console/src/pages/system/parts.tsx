import * as ask from "../../api/queries";
import { moment } from "../../domain/format";
import { words } from "../../i18n";
import { now } from "../../live/clock";
import { connection } from "../../live/connection";
import { system } from "../../live/store";
import { faultText } from "../../ui/fault";
import { useLoaded } from "../../ui/loading";

const EVERY_MS = 5_000;

export function Parts() {
  const say = words.value;
  const [loaded] = useLoaded(() => ask.readiness(), "readiness", EVERY_MS);
  const { data, problem } = loaded.value;
  const faults = system.value?.faults ?? [];
  return (
    <div class="parts">
      <section>
        <h2>{say.system.parts}</h2>
        {problem && !data ? (
          <p class="refusal">{say.system.noAnswer}</p>
        ) : (
          data && <p class={data.ok ? "soft" : "refusal"}>{data.ok ? say.system.allWell : say.system.notAll}</p>
        )}
        <ul class="part-list">
          <Part ok={connection.value.state === "live"} name={say.system.stream} text={say.connection[connection.value.state]} />
          {Object.entries(data?.parts ?? {}).map(([name, part]) => (
            <Part key={name} ok={part.ok} name={say.system.part[name] ?? name} text={part.text} />
          ))}
        </ul>
      </section>
      <section>
        <h2>{say.system.faults}</h2>
        {!faults.length && <p class="soft">{say.system.noFaults}</p>}
        <ul class="part-list">
          {faults.map((fault) => (
            <li key={`${fault.part} ${fault.word}`} class="part is-sick">
              <b>{say.system.part[fault.part] ?? fault.part}</b>
              <span>
                {faultText(fault)}
                <small>{fault.text}</small>
              </span>
              {fault.since !== null && <span class="soft figure">{say.system.since(moment(fault.since, now.value))}</span>}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Part({ ok, name, text }: { ok: boolean; name: string; text: string }) {
  const say = words.value.system;
  return (
    <li class={`part ${ok ? "" : "is-sick"}`}>
      <b>{name}</b>
      <span class="part-state">
        <span aria-hidden="true">{ok ? "✓" : "✕"}</span> {ok ? say.ok : say.sick}
      </span>
      <span class="soft">{text}</span>
    </li>
  );
}
