"""What the answers of mail servers and webhook receivers mean, and what is sent to them."""

import hmac
import json
from hashlib import sha256

import aiosmtplib
import pytest
from msgspec.structs import replace

from ember_service.notify.deliver import GIVE_UP_AFTER_S, retry_after
from ember_service.notify.mail import Mail, compose, explain
from ember_service.notify.model import State
from ember_service.notify.webhook import Webhook, body, judge, sign
from ember_wire.alarms import AlarmClass
from tests.unit.notify.make import message


@pytest.mark.parametrize(
    ("error", "state", "arrived"),
    [
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "no", "a@b")]), "refused", False),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(450, "busy", "a@b")]), "unknown", False),
        (aiosmtplib.SMTPDataError(554, "spam"), "refused", False),
        (aiosmtplib.SMTPDataError(451, "later"), "unknown", False),
        (aiosmtplib.SMTPSenderRefused(550, "who are you", "a@b"), "unknown", False),
        (aiosmtplib.SMTPAuthenticationError(535, "no"), "unknown", False),
        (aiosmtplib.SMTPNotSupported("SMTPUTF8"), "refused", False),
        (aiosmtplib.SMTPConnectError("away"), "unknown", False),
        (aiosmtplib.SMTPConnectTimeoutError("away"), "unknown", False),
        (aiosmtplib.SMTPServerDisconnected("gone"), "unknown", True),
        (aiosmtplib.SMTPReadTimeoutError("silent"), "unknown", True),
        (OSError("no route"), "unknown", False),
    ],
)
def test_mail(error: Exception, state: str, arrived: bool) -> None:
    found = explain(error)
    assert (found.state, found.arrived) == (state, arrived)
    assert found.reason


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (301, "unknown"),
        (400, "refused"),
        (404, "refused"),
        (408, "unknown"),
        (429, "unknown"),
        (500, "unknown"),
        (503, "unknown"),
    ],
)
def test_webhook(status: int, state: str) -> None:
    assert judge(status).state == state


async def test_without_a_mail_server_nothing_is_refused() -> None:
    found = await Mail(None, "a@b").send(message())
    assert found.state is State.UNKNOWN
    assert "EMBERWATCH_SMTP_URL" in found.reason


async def test_an_address_that_is_none_is_refused() -> None:
    assert (await Mail("smtp://127.0.0.1:1", "a@b").send(message(address="a@b\r\nBcc: c@d"))).state is State.REFUSED
    async with Webhook("secret-of-tests") as webhook:
        for address in ("no-url", "ftp://127.0.0.1/x", "http://"):
            assert (await webhook.send(message(address=address))).state is State.REFUSED, address


def test_a_mail_is_the_same_at_each_try_but_for_what_a_repeat_says() -> None:
    first, again = compose(message(), "w@example.org"), compose(replace(message(), repeat=True), "w@example.org")
    assert first["Message-ID"] == again["Message-ID"] == "<m1@example.org>"
    assert first["Importance"] == "high"
    assert first["X-Emberwatch-Repeat"] is None
    assert again["X-Emberwatch-Repeat"] == "1"
    assert again["Subject"].startswith("[REPEAT]")
    assert compose(message(class_=AlarmClass.TROUBLE), "w@example.org")["Importance"] is None


def test_a_webhook_is_signed_over_time_and_body() -> None:
    content = body(message())
    expected = hmac.new(b"secret", b"17." + content, sha256).hexdigest()
    assert sign("secret", "17", content) == f"sha256={expected}"
    told = json.loads(content)
    assert told["v"] == 1
    assert told["alarm"]["class"] == "fire"
    assert told["message"]["id"] == "m1"
    assert told["message"]["repeat"] is False


def test_a_fire_is_never_given_up_and_others_are() -> None:
    assert [retry_after(AlarmClass.FIRE, tries, 0) for tries in (1, 2, 3, 4, 99)] == [5, 10, 20, 30, 30]
    assert retry_after(AlarmClass.FIRE, 9999, 10 * GIVE_UP_AFTER_S) == 30
    for class_ in (AlarmClass.PREWARNING, AlarmClass.SUPERVISORY, AlarmClass.TROUBLE):
        assert retry_after(class_, 3, GIVE_UP_AFTER_S - 1) is not None
        assert retry_after(class_, 3, GIVE_UP_AFTER_S + 1) is None
