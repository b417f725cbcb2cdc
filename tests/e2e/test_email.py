"""E-mail over the running stack: a mail becomes a chat, the answer a mail with its references, the customer's answer
finds its way back, a file arrives, a mail that comes back has failed."""

from __future__ import annotations

import base64
import secrets
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually
from tests.e2e.test_media import uploaded
from tests.file_samples import png


class Writer:
    """A customer with a fresh address, and the demo account's e-mail channel."""

    def __init__(self, live: Live) -> None:
        self.live, self.channel = live, live.demo["channels"]["email"]
        self.address = f"iara.{secrets.token_hex(4)}@cliente.example"

    def mail(self, text: str, subject: str = "Pedido 42", **fields: str) -> EmailMessage:
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = f"Iara Monteiro <{self.address}>", self.channel["address"], subject
        mail["Message-ID"], mail["Date"] = (
            f"<{secrets.token_hex(8)}@cliente.example>",
            "Mon, 02 Mar 2026 09:00:00 -0300",
        )
        for name, value in fields.items():
            del mail[name.replace("_", "-")]
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        return mail

    def sends(self, mail: EmailMessage, *recipients: str) -> None:
        raw = base64.b64encode(mail.as_bytes()).decode()
        to = list(recipients) or [self.channel["address"]]
        self.live.product.post("/_local/email", {"recipients": to, "raw_base64": raw})

    def chat(self) -> dict[str, Any]:
        contact = eventually(lambda: self.live.admin.items("/v1/contacts", q=self.address))[0]
        return eventually(lambda: self.live.chats_of(contact["id"]))[0]

    def mails(self) -> list[tuple[dict[str, Any], EmailMessage]]:
        """What SES was asked to send to the customer, with the mail that was in it."""
        calls = self.live.providers.items("/calls", channel="email")
        mine = [one for one in calls if one["body"]["Destination"]["ToAddresses"] == [self.address]]
        raws = [base64.b64decode(one["body"]["Content"]["Raw"]["Data"]) for one in mine]
        return [(one, message_from_bytes(raw, policy=policy.default)) for one, raw in zip(mine, raws, strict=True)]


@pytest.fixture
def writer(stack: Stack) -> Writer:
    return Writer(Live(stack))


def test_a_conversation_by_mail(writer: Writer) -> None:
    live = writer.live
    first = writer.mail(
        "Olá!\n\nOnde está o meu pedido?\n\nEm seg., 2 de mar. de 2026, Loja <x@y.example> escreveu:\n> a"
    )
    first.add_attachment(png(), maintype="image", subtype="png", filename="recibo.png")
    writer.sends(first, writer.channel["address"], "ninguem@mail.example")
    writer.sends(first)
    chat = writer.chat()
    question, file = eventually(lambda: (found := live.messages(chat["id"]))[1:] and found)
    assert (question["kind"], question["text"]) == ("text", "Olá!\n\nOnde está o meu pedido?")
    assert (question["provider_id"], question["payload"]["subject"]) == (first["Message-ID"], "Pedido 42")
    assert question["payload"]["full_text"].endswith("> a")
    assert (file["kind"], file["file"]["state"], file["file"]["name"]) == ("image", "accepted", "recibo.png")
    served = live.admin.get(f"/v1/files/{file['file']['id']}")["url"]
    assert live.product.send("GET", served, None, {}).status == 200

    answer = {"kind": "text", "text": "Saiu hoje para entrega."}
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", answer, expect=201)
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    ((call, mail),) = writer.mails()
    assert (mail["In-Reply-To"], mail["Subject"]) == (first["Message-ID"], "Re: Pedido 42")
    assert "Saiu hoje para entrega." in mail.get_body(("plain",)).get_content()

    back = writer.mail("Obrigada!", "Re: Pedido 42", In_Reply_To=f"<{call['provider_id']}@email.amazonses.com>")
    back.replace_header("From", f"outra.{writer.address}")
    writer.sends(back, str(mail["Reply-To"]))
    thanks = eventually(lambda: [one for one in live.messages(chat["id"]) if one["text"] == "Obrigada!"])[0]
    assert (thanks["reply_to"], thanks["payload"]["from"]["address"]) == (sent["id"], f"outra.{writer.address}")
    assert len(live.chats_of(chat["contact_id"])) == 1

    bounce = {"channel": "email", "provider_id": call["provider_id"], "status": "bounce"}
    live.providers.post("/status", bounce)
    failed = eventually(lambda: (one := live.status_of(chat["id"], sent["id"]))["status"] == "failed" and one)
    assert failed["error"]["code"] == "Permanent/NoEmail"
    live.close_all()


def test_a_file_goes_out_within_the_mail(writer: Writer) -> None:
    """Byte for byte in what SES was given, under its name, from the channel's name; the answer to our own Message-ID
    names the message."""
    live = writer.live
    writer.sends(writer.mail("Mandem o orçamento, por favor."))
    chat = writer.chat()
    live.change_channel(writer.channel["id"], from_name="Loja São José")
    content = b"%PDF-1.7\n" + secrets.token_bytes(300_000) + b"\n%%EOF\n"
    file_id = uploaded(live, content, "application/pdf", "orçamento nº 7.pdf", "email")
    given = {"kind": "document", "text": "Segue o orçamento.", "file_id": file_id}
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", given, expect=201)
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    ((_, mail),) = writer.mails()
    (attached,) = mail.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", "orçamento nº 7.pdf")
    assert attached.get_content() == content
    assert "Segue o orçamento." in mail.get_body(("plain",)).get_content()
    assert mail["From"].addresses[0].display_name == "Loja São José"

    writer.sends(writer.mail("Recebi", In_Reply_To=str(mail["Message-ID"])), str(mail["Reply-To"]))
    answer = eventually(lambda: [one for one in live.messages(chat["id"]) if one["text"] == "Recebi"])[0]
    assert answer["reply_to"] == sent["id"]
    live.change_channel(writer.channel["id"], from_name=None)
    live.close_all()
