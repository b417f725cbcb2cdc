"""The product's own mail by SES."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from recado.aws.session import sesv2
from recado.ports.system_mail import MailNotSent


class SesSystemMail:
    """The port `recado.ports.system_mail.SystemMail`. `endpoint` None is that of the region."""

    def __init__(self, sender: str, endpoint: str | None) -> None:
        self._sender = sender
        self._endpoint = endpoint

    def send(self, to: str, subject: str, text: str) -> None:
        """One call, repeated once when no answer came: the same mail may come twice, which does no harm."""
        if not self._sender:
            raise MailNotSent("no sender is configured")
        content = {
            "Subject": {"Data": subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
        }
        try:
            sesv2(self._endpoint).send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Simple": content},
            )
        except (BotoCoreError, ClientError) as error:
            raise MailNotSent(type(error).__name__) from error
