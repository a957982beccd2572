import { CLASSES } from "../../api/types";
import { words } from "../../i18n";
import { places } from "../../live/register";
import { Symbol } from "../../ui/symbol";
import { area, classes, clearFilter, toggleClass } from "./selection";

/** A fire has no switch: nothing hides it. */
export function Filters() {
  const say = words.value;
  const filtered = classes.value.size > 0 || area.value !== "";
  return (
    <div class="filters">
      <span class="pair" role="group" aria-label={say.queue.columns.class}>
        {CLASSES.filter((name) => name !== "fire").map((name) => (
          <button key={name} type="button" aria-pressed={classes.value.has(name)} onClick={() => toggleClass(name)}>
            <Symbol of={name} size={14} taken /> {say.class[name]}
          </button>
        ))}
      </span>
      <AreaSelect />
      {filtered && (
        <button type="button" class="plain" onClick={clearFilter}>
          {say.queue.clear}
        </button>
      )}
    </div>
  );
}

function AreaSelect() {
  const where = places.value;
  const say = words.value.queue;
  const lines = [...where.areas.values()]
    .filter(({ id }) => id !== where.root)
    .map(({ id }) => ({ id, path: where.path(id) }))
    .sort((a, b) => (a.path.join("\n") < b.path.join("\n") ? -1 : 1));
  return (
    <select aria-label={say.area} value={area.value} onChange={(event) => (area.value = event.currentTarget.value)}>
      <option value="">{say.allAreas}</option>
      {lines.map(({ id, path }) => (
        <option key={id} value={id}>
          {"\u00a0\u00a0".repeat(path.length - 1)}
          {path.at(-1)}
        </option>
      ))}
    </select>
  );
}
