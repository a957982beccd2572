"""The channel mail: one SMTP session a message, and what its answers mean."""

from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from ember_service.notify.model import Message, Result, delivered, refused, unknown
from ember_service.notify.words import Written, repeated

TIMEOUT_S: Final = 10.0
_FOR_GOOD: Final = 500
"""SMTP answers from 500 on are for good, those of 400 for now (RFC 5321)."""


class Mail:
    """Sends by one mail server. `url`: smtp://user:password@host:port, or smtps://; with None every try is unknown."""

    def __init__(self, url: str | None, sender: str) -> None:
        self._where = urlsplit(url) if url else None
        self._sender = sender

    async def send(self, message: Message) -> Result:
        """One try."""
        if self._where is None:
            return unknown("no mail server is set: EMBERWATCH_SMTP_URL")
        try:
            mail = compose(message, self._sender)
        except (MessageError, ValueError, IndexError) as error:
            return refused(f"no mail can be made for this address: {error}")
        tls = self._where.scheme == "smtps"
        try:
            await aiosmtplib.send(
                mail,
                sender=self._sender,
                recipients=[message.address],
                hostname=self._where.hostname,
                port=self._where.port or (465 if tls else 25),
                username=unquote(self._where.username) if self._where.username else None,
                password=unquote(self._where.password) if self._where.password else None,
                use_tls=tls,
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return explain(error)
        return delivered()


def compose(message: Message, sender: str) -> EmailMessage:
    """The mail. Its Message-ID is the same at each try, so that a reader can tell a repeat."""
    text = Written(message.subject, message.text)
    if message.repeat:
        text = repeated(text, message.language)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, message.address, text.subject
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Emberwatch-Id"] = message.id
    if message.urgent:
        mail["Importance"] = "high"
    if message.repeat:
        mail["X-Emberwatch-Repeat"] = "1"
    mail.set_content(text.body)
    return mail


def explain(error: Exception) -> Result:
    """What a failure of the session says about the message."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[one, *_]):
            return explain(one)
        case aiosmtplib.SMTPRecipientRefused() | aiosmtplib.SMTPDataError() if error.code >= _FOR_GOOD:
            return refused(f"the mail server says {error.code} {error.message}")
        case aiosmtplib.SMTPNotSupported():
            return refused(f"the mail server cannot carry it: {error}")
        case aiosmtplib.SMTPResponseException():
            return unknown(f"the mail server says {error.code} {error.message}")
        case aiosmtplib.SMTPConnectError():
            return unknown(f"no mail server answers: {error}")
        case aiosmtplib.SMTPReadTimeoutError() | aiosmtplib.SMTPServerDisconnected() | TimeoutError():
            return unknown(f"the mail server went silent: {error}", arrived=True)
    return unknown(str(error) or type(error).__name__)
