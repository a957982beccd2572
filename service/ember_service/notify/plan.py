"""Who is told of a transition, by which channels. Pure: a transition and the register make messages."""

from collections.abc import Iterable
from typing import Final

from ember_service.alarms.engine.ids import digest
from ember_service.notify.model import Channel, Message
from ember_service.notify.words import Place, write
from ember_service.register.model import Contact, Register
from ember_wire import topics
from ember_wire.alarms import AlarmClass, AlarmRecord, Transition, TransitionKind

RISES: Final = frozenset({TransitionKind.RAISED, TransitionKind.WORSENED, TransitionKind.REACTIVATED})
ENDS: Final = frozenset({TransitionKind.RETURNED, TransitionKind.CLOSED})
GRAVE: Final = frozenset({AlarmClass.FIRE, AlarmClass.PREWARNING})
_OF_THE_CENTRE: Final = frozenset({topics.UNASSIGNED, topics.SYSTEM})


class Addressees:
    """The register's contacts and names, ready to be looked up."""

    def __init__(self, register: Register) -> None:
        self._by_workshop: dict[str | None, list[Contact]] = {}
        for contact in register.contacts:
            self._by_workshop.setdefault(contact.workshop, []).append(contact)
        self._workshops = {workshop.id: workshop for workshop in register.workshops}
        self._zones = {zone.id: zone for zone in register.zones}
        self._all = register.contacts

    def contacts(self, workshop: str) -> list[Contact]:
        """A workshop's own contacts, then the monitoring centre's; of what belongs to no workshop, the centre's."""
        own = [] if workshop in _OF_THE_CENTRE else self._by_workshop.get(workshop, [])
        return [*own, *self._by_workshop.get(None, [])]

    def reachable(self, workshop: str) -> bool:
        """Whether anybody of its own can be told: for what belongs to no workshop, anybody of the centre."""
        own = self._by_workshop.get(None if workshop in _OF_THE_CENTRE else workshop, [])
        return any(contact.mail or contact.webhook for contact in own)

    def uses(self, channel: Channel) -> bool:
        """Whether any contact is to be told by this channel."""
        return any(name is channel for contact in self._all for name, _ in addresses(contact))

    def place(self, alarm: AlarmRecord) -> Place:
        """Names of where it is, as far as the register knows."""
        workshop, zone = self._workshops.get(alarm.workshop), self._zones.get(alarm.zone or "")
        return Place(
            workshop=workshop.name if workshop else alarm.workshop,
            address=workshop.address if workshop else "",
            zone=zone.name if zone else alarm.zone or "",
        )


def is_told(transition: Transition) -> bool:
    """Every rise; of fires and prewarnings their end as well."""
    return transition.kind in RISES or (transition.kind in ENDS and transition.alarm.class_ in GRAVE)


def addresses(contact: Contact) -> Iterable[tuple[Channel, str]]:
    """The ways to a contact."""
    if contact.mail:
        yield Channel.MAIL, contact.mail
    if contact.webhook:
        yield Channel.WEBHOOK, contact.webhook


def plan(transition: Transition, addressees: Addressees, public_url: str) -> list[Message]:
    """The messages that a transition makes; the same each time it is asked."""
    if not is_told(transition):
        return []
    alarm = transition.alarm
    place = addressees.place(alarm)
    messages = []
    for contact in addressees.contacts(alarm.workshop):
        text = write(transition, place, contact.language, public_url)
        messages += [
            Message(
                id=digest("message", transition.id, contact.id, channel),
                alarm=alarm,
                transition=transition.id,
                kind=transition.kind,
                contact=contact.id,
                contact_name=contact.name,
                channel=channel,
                address=address,
                language=contact.language,
                subject=text.subject,
                text=text.body,
                queued=transition.known,
            )
            for channel, address in addresses(contact)
        ]
    return messages
