"""Who is told what of which transition."""

import pytest

from ember_service.notify.model import Channel
from ember_service.notify.plan import Addressees, is_told, plan
from ember_service.register.model import Contact, Register, Workshop, Zone
from ember_wire import topics
from ember_wire.alarms import AlarmClass, TransitionKind
from tests.unit.notify.make import transition

OWNER = Contact(id="owner", name="Li", workshop="w1", mail="li@example.org", webhook="http://x/li")
OTHER = Contact(id="other", name="Wu", workshop="w2", mail="wu@example.org")
CENTRE = Contact(id="centre", name="Centre", language="en", mail="centre@example.org")
MUTE = Contact(id="mute", name="Mute", workshop="w3")
REGISTER = Register(
    workshops=[Workshop(id="w1", name="One", area="a", address="1 Lake Road")],
    zones=[Zone(id="z1", workshop="w1", name="Casting")],
    contacts=[OWNER, OTHER, CENTRE, MUTE],
)
ADDRESSEES = Addressees(REGISTER)


def told(workshop: str) -> list[tuple[str, str]]:
    found = plan(transition(workshop=workshop), ADDRESSEES, "http://c")
    return [(message.contact, message.channel) for message in found]


def test_the_workshops_contacts_and_the_centres_are_told_by_each_channel() -> None:
    assert told("w1") == [("owner", "mail"), ("owner", "webhook"), ("centre", "mail")]


@pytest.mark.parametrize("workshop", [topics.UNASSIGNED, topics.SYSTEM, "w9"])
def test_what_belongs_to_no_workshop_goes_to_the_centre(workshop: str) -> None:
    assert told(workshop) == [("centre", "mail")]


def test_ids_are_the_same_on_replay_and_differ_between_people_and_steps() -> None:
    first, again = (plan(transition(), ADDRESSEES, "http://c") for _ in range(2))
    other = plan(transition(kind=TransitionKind.WORSENED, id_="t2"), ADDRESSEES, "http://c")
    assert [m.id for m in first] == [m.id for m in again]
    assert len({m.id for m in first + other}) == 6


@pytest.mark.parametrize("class_", list(AlarmClass))
@pytest.mark.parametrize("kind", list(TransitionKind))
def test_rises_are_told_and_the_ends_of_what_is_grave(class_: AlarmClass, kind: TransitionKind) -> None:
    rises = {"raised", "worsened", "reactivated"}
    ends = {"returned", "closed"} if class_ in {"fire", "prewarning"} else set()
    assert is_told(transition(class_=class_, kind=kind)) == (kind in rises | ends)


def test_who_can_be_reached() -> None:
    assert ADDRESSEES.reachable("w1")
    assert not ADDRESSEES.reachable("w3"), "a contact without an address is none"
    assert ADDRESSEES.reachable(topics.SYSTEM)
    assert not Addressees(Register(contacts=[OWNER])).reachable(topics.UNASSIGNED)
    assert ADDRESSEES.uses(Channel.WEBHOOK)
    assert not Addressees(Register(contacts=[CENTRE])).uses(Channel.WEBHOOK)


def test_names_stand_in_the_text_and_ids_where_there_are_none() -> None:
    place = ADDRESSEES.place(transition(workshop="w1", zone="z1").alarm)
    assert place == ("One", "1 Lake Road", "Casting")
    assert ADDRESSEES.place(transition(workshop="w9", zone="z9").alarm) == ("w9", "", "z9")
