/** What raises an alarm, to read. */

import * as ask from "../../api/queries";
import type { Rule } from "../../api/types";
import { duration, figure, unitOf } from "../../domain/format";
import { compareRules } from "../../domain/rules";
import { said, words } from "../../i18n";
import { places } from "../../live/register";
import { useLoaded } from "../../ui/loading";
import { reasonOf } from "../../ui/notice";
import { ClassMark } from "../../ui/symbol";

export function Rules() {
  const say = words.value.system;
  const [loaded] = useLoaded(() => ask.rules(), "rules");
  const { data, problem } = loaded.value;
  return (
    <section>
      <p class="soft">{say.rulesLead}</p>
      {problem && <p class="refusal">{reasonOf(problem)}</p>}
      {data && !data.length && <p>{say.rulesNone}</p>}
      {data && data.length > 0 && (
        <div class="table-frame">
          <table class="table">
            <thead>
              <tr>
                <th>{say.then}</th>
                <th>{say.rule}</th>
                <th>{say.when}</th>
                <th>{say.scope}</th>
              </tr>
            </thead>
            <tbody>
              {[...data].sort(compareRules).map((rule) => (
                <Row key={rule.id} rule={rule} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ rule }: { rule: Rule }) {
  const say = words.value;
  return (
    <tr class={rule.enabled === false ? "is-off" : ""}>
      <td>
        <ClassMark of={rule.class} taken />
      </td>
      <td>
        <details>
          <summary>{said(rule.title)}</summary>
          <p>{said(rule.guidance)}</p>
        </details>
        <small>
          {rule.id} v{rule.version} · {say.alarm.severity} {rule.severity}
          {rule.enabled === false && ` · ${say.system.off}`}
        </small>
      </td>
      <td>{condition(rule).map((line) => <div key={line}>{line}</div>)}</td>
      <td>{scopeText(rule)}</td>
    </tr>
  );
}

function condition(rule: Rule): string[] {
  const { system: say, age: ages } = words.value;
  const lines: string[] = [];
  if (rule.type === "verdict") lines.push(say.deviceSays);
  if (rule.type === "supervision") {
    for (const [kind, seconds] of Object.entries(rule.intervals ?? {})) {
      lines.push(`${say.silentFor} ${duration(seconds * 1000, ages)} (${say.supervision[kind] ?? kind})`);
    }
  }
  if (rule.type === "threshold") {
    const unit = unitOf(unitOfScope(rule));
    const text = (value: number) => `${figure(value, null)} ${unit}`.trim();
    const limit = typeof rule.above === "number" ? say.above(text(rule.above)) : say.below(text(rule.below ?? 0));
    lines.push(rule.delay_on ? say.lasting(limit, duration(rule.delay_on * 1000, ages)) : limit);
    if (typeof rule.reset === "number") lines.push(say.resetAt(text(rule.reset)));
  }
  if (rule.latch) lines.push(say.latches);
  return lines;
}

const UNITS: Record<string, string> = {
  temperature: "Cel",
  cable_temperature: "Cel",
  smoke: "%/m",
  load: "%",
  residual_current: "mA",
  current: "A",
  voltage: "V",
  power: "W",
  humidity: "%RH",
  battery: "%",
};

function unitOfScope(rule: Rule): string {
  const units = new Set((rule.scope.kinds ?? []).map((kind) => UNITS[kind] ?? ""));
  return units.size === 1 ? ([...units][0] ?? "") : "";
}

function scopeText({ scope }: Rule): string {
  const say = words.value;
  const parts = [
    (scope.kinds ?? []).map((kind) => say.kind[kind] ?? kind),
    (scope.zone_kinds ?? []).map((kind) => say.system.zoneKind[kind] ?? kind),
    (scope.workshops ?? []).map((id) => places.value.workshops.get(id)?.name ?? id),
    scope.devices ?? [],
  ].filter((list) => list.length);
  return parts.map((list) => list.join("、")).join(" · ") || say.system.everything;
}
