"""The one place that decides: role × action × where. From contract.md, "Who may"."""

from enum import StrEnum
from typing import Final

from ember_service.auth.model import Principal, Role
from ember_service.register.model import Register


class Action(StrEnum):
    """What a route does; each names one."""

    OPEN = "open"  # no sign-in: health, metrics, the page itself, signing in
    OWN = "own"  # about oneself
    SEE = "see"
    SEE_CONTACTS = "see_contacts"
    SEE_SYSTEM = "see_system"  # messages, dead letters, rules, discovered devices
    ACK = "ack"
    COMMENT = "comment"
    VERDICT = "verdict"
    RESET = "reset"
    REGISTER = "register"
    ADOPT = "adopt"
    AUDIT = "audit"


_A, _O, _F, _W, _V = Role.ADMIN, Role.OPERATOR, Role.OFFICER, Role.OWNER, Role.VIEWER
TABLE: Final[dict[Action, frozenset[Role]]] = {
    Action.OPEN: frozenset(Role),
    Action.OWN: frozenset(Role),
    Action.SEE: frozenset(Role),
    Action.SEE_CONTACTS: frozenset({_A, _O, _F, _W}),
    Action.SEE_SYSTEM: frozenset({_A, _O}),
    Action.ACK: frozenset({_A, _O, _F}),
    Action.COMMENT: frozenset({_A, _O, _F}),
    Action.VERDICT: frozenset({_A, _O, _F}),
    Action.RESET: frozenset({_A, _O}),
    Action.REGISTER: frozenset({_A, _O}),
    Action.ADOPT: frozenset({_A, _O}),
    Action.AUDIT: frozenset({_A}),
}


def may(principal: Principal, action: Action) -> bool:
    """Whether the role may do this at all."""
    return principal.role in TABLE[action]


def workshops_of(principal: Principal, register: Register) -> frozenset[str] | None:
    """The workshops that somebody sees; None for all, unknown devices and the product's own troubles included."""
    match principal.role:
        case Role.ADMIN | Role.OPERATOR:
            return None
        case Role.OWNER:
            return frozenset({principal.workshop}) if principal.workshop else frozenset()
    if principal.area is None:
        return frozenset()
    within = areas_within(principal.area, register)
    return frozenset(workshop.id for workshop in register.workshops if workshop.area in within)


def areas_within(area: str, register: Register) -> frozenset[str]:
    """An area and all below it."""
    children: dict[str | None, list[str]] = {}
    for one in register.areas:
        children.setdefault(one.parent, []).append(one.id)
    found, left = {area}, [area]
    while left:
        fresh = [child for child in children.get(left.pop(), []) if child not in found]
        found.update(fresh)
        left += fresh
    return frozenset(found)


def sees(scope: frozenset[str] | None, workshop: str | None) -> bool:
    """Whether a workshop lies in a scope of `workshops_of`."""
    return scope is None or (workshop is not None and workshop in scope)
