/** The product itself: its parts, devices nobody registered, the rules, and what could not be understood. */

import type { JSX } from "preact";

import { ofCentre } from "../../domain/actions";
import { words } from "../../i18n";
import { href } from "../../route";
import { role } from "../../session";
import { DeadLetters } from "./dead-letters";
import { DiscoveredDevices } from "./discovered";
import { Parts } from "./parts";
import { Rules } from "./rules";

const SECTIONS = ["parts", "devices", "rules", "dead-letters"] as const;
type Section = (typeof SECTIONS)[number];

/** What only the centre may see. */
const CENTRE: readonly Section[] = ["devices", "dead-letters"];

const SHOW: Record<Section, () => JSX.Element> = {
  parts: () => <Parts />,
  devices: () => <DiscoveredDevices />,
  rules: () => <Rules />,
  "dead-letters": () => <DeadLetters />,
};

export function SystemPage({ section }: { section: string | null }) {
  const say = words.value.system;
  const sections = SECTIONS.filter((name) => ofCentre(role.value) || !CENTRE.includes(name));
  const here = sections.find((name) => name === section) ?? "parts";
  const names: Record<Section, string> = {
    parts: say.state,
    devices: say.discovered,
    rules: say.rules,
    "dead-letters": say.deadLetters,
  };
  return (
    <div class="page">
      <div class="page-head">
        <h1>{say.title}</h1>
        <nav class="tabs">
          {sections.map((name) => (
            <a key={name} href={href("system", name)} {...(name === here ? { "aria-current": "page" as const } : {})}>
              {names[name]}
            </a>
          ))}
        </nav>
      </div>
      {SHOW[here]()}
    </div>
  );
}
