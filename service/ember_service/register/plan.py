"""A whole register to be taken over: checked row by row, before anything is written. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from ember_service.register.shapes import BODIES
from ember_wire import topics
from ember_wire.channels import channel_id
from ember_wire.kinds import kind_of, unit_of

Row = dict[str, Any]
PARENTS: Final[dict[str, dict[str, str]]] = {
    "areas": {"parent": "areas"},
    "stations": {"area": "areas"},
    "workshops": {"area": "areas"},
    "zones": {"workshop": "workshops"},
    "circuits": {"workshop": "workshops"},
    "devices": {"workshop": "workshops", "zone": "zones"},
    "channels": {"device": "devices", "circuit": "circuits"},
    "contacts": {"workshop": "workshops"},
}
"""Resource → field → the resource that must have what the field names; parents stand before children."""
RESERVED: Final = (topics.UNASSIGNED, topics.SYSTEM, "health")
"""What cannot be a workshop's id: it has a meaning of its own in topics."""
MOST_TOLD: Final = 100


class PlanError(ValueError):
    """A plan that cannot be taken over; one line for each wrong row."""


def check(plan: object, known: Mapping[str, Mapping[str, str | None]]) -> dict[str, list[Row]]:
    """Rows as the tables take them, areas in the order of the tree. Raises PlanError with everything that is wrong.

    `known`: of each resource the ids that are there already, with the workshop that each belongs to.
    """
    expected = ", ".join(BODIES)
    if not isinstance(plan, Mapping):
        raise PlanError(f"expected an object with {expected}")
    wrong = [f"{name}: unknown; expected {expected}" for name in plan if name not in BODIES]
    rows: dict[str, list[Row]] = {}
    for name in BODIES:
        rows[name] = _rows(name, plan.get(name) or [], wrong)
    if not wrong:
        _check_parents(rows, known, wrong)
        rows["areas"] = _in_order(rows["areas"], wrong)
    if wrong:
        more = [f"… and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else []
        raise PlanError("\n".join(wrong[:MOST_TOLD] + more))
    return rows


def name_of(resource: str, values: Row) -> Row:
    """A checked body as a row, with its id. Raises BadNameError."""
    if resource == "channels":
        kind = kind_of(topics.check_name(values["name"]))
        number = channel_id(values["device"], values["name"])
        return {**values, "id": number, "kind": kind, "unit": unit_of(kind)}
    topics.check_name(values["id"])
    if resource == "workshops" and values["id"] in RESERVED:
        raise topics.BadNameError(f"{values['id']!r} has a meaning of its own; choose another")
    return values


def _rows(name: str, given: object, wrong: list[str]) -> list[Row]:
    if not isinstance(given, list):
        wrong.append(f"{name}: expected a list")
        return []
    found: list[Row] = []
    seen: dict[Any, int] = {}
    for number, row in enumerate(given, 1):
        try:
            values = name_of(name, _body(name, row))
        except ValidationError as error:
            wrong += [f"{name} row {number}: {_said(fault)}" for fault in error.errors(include_url=False)]
            continue
        except ValueError as error:
            wrong.append(f"{name} row {number}: {error}")
            continue
        if values["id"] in seen:
            wrong.append(f"{name} row {number}: {values['id']!r} is row {seen[values['id']]} already")
        seen[values["id"]] = number
        found.append(values)
    return found


def _body(name: str, row: object) -> Row:
    given = dict(row) if isinstance(row, Mapping) else row
    if isinstance(given, dict) and name == "channels":
        given.pop("id", None)  # it is calculated
    values = BODIES[name].model_validate(given).model_dump()
    if name != "channels" and not values["id"]:
        raise ValueError("id: it is missing; without one the row could not be found again")
    return values


def _said(fault: Any) -> str:
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])


def _check_parents(rows: dict[str, list[Row]], known: Mapping[str, Mapping[str, str | None]], wrong: list[str]) -> None:
    """What a row names is there, and a zone or circuit is of the same workshop."""
    places: dict[str, dict[Any, str | None]] = {
        name: {**known.get(name, {}), **{row["id"]: row.get("workshop") for row in own}} for name, own in rows.items()
    }
    for name, own in rows.items():
        for number, row in enumerate(own, 1):
            home = places["devices"].get(row["device"]) if name == "channels" else row.get("workshop")
            for field, parents in PARENTS[name].items():
                value = row.get(field)
                if value is None:
                    continue
                if value not in places[parents]:
                    wrong.append(f"{name} row {number}: {field}: there is no {parents[:-1]} {value!r}")
                elif parents in ("zones", "circuits") and places[parents][value] != home:
                    other = places[parents][value]
                    wrong.append(f"{name} row {number}: {field}: {value!r} belongs to workshop {other!r}")


def _in_order(areas: Iterable[Row], wrong: list[str]) -> list[Row]:
    """Parents before children; what is left hangs in a circle."""
    left = {row["id"]: row for row in areas}
    done: list[Row] = []
    while left:
        ready = [row for row in left.values() if row["parent"] not in left]
        if not ready:
            wrong.append(f"areas: {', '.join(sorted(left))}: each lies within the other")
            return done
        done += ready
        for row in ready:
            del left[row["id"]]
    return done
