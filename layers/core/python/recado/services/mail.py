"""Incoming mail: a notification of the mail provider leads to a mail in the bucket, the mail to the channels that it is
addressed to, and each gets it as a command of the inbound queue, like any webhook.

Everything here may be repeated: ids of files and messages are made of what was received, files are stored before the
command is sent, and SEEN takes each message once. The queue's dead letters take what cannot be done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from recado.domain.chats import Chat, ThreadKey
from recado.domain.ids import make_id
from recado.domain.mail import Mail, Person, chat_of_tag, mail_address, message_key, own_message, without_tag
from recado.domain.mail_events import Outgoing, Received, notification, outcomes, problems
from recado.domain.moments import rfc3339
from recado.ports.core import Blobs, Clock, Queue
from recado.ports.inbound import Seen, ThreadStore
from recado.ports.mail import Mailbox, Mailboxes, MailFiles, MailJournal, MailPlaces, MailReader, Sends
from recado.ports.reception import ChannelDirectory, ConnectedChannel, Webhooks
from recado.services.ingress import keep, part_command, queued

MAX_ASKED_FOR = 20
"""How many ids of earlier mails are looked up, to find which message is answered."""


class _Target(NamedTuple):
    """A channel that a mail is for, and the tag of the address it was sent to there."""

    account: str
    channel: ConnectedChannel
    tag: str


class _Place(NamedTuple):
    """Whose thread a mail belongs to; `author` when somebody else wrote it; `sent_by` when it came from the address of
    a machine that names its writer."""

    customer: Person
    author: Person | None
    sent_by: Person | None


class _Named(NamedTuple):
    """The id under which a mail is known, and the id of the message that it answers."""

    provider_id: str
    reply_to: str | None


class MailService:
    """Takes notifications, one at a time."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        channels: ChannelDirectory,
        webhooks: Webhooks,
        reader: MailReader,
        files: MailFiles,
        threads: ThreadStore,
        sends: Sends,
        places: MailPlaces,
        mails: Blobs,
        blobs: Blobs,
        queue: Queue,
        clock: Clock,
        journal: MailJournal,
    ) -> None:
        self._mailboxes = mailboxes
        self._channels = channels
        self._webhooks = webhooks
        self._reader = reader
        self._files = files
        self._threads = threads
        self._sends = sends
        self._places = places
        self._mails = mails
        self._blobs = blobs
        self._queue = queue
        self._clock = clock
        self._journal = journal

    def take(self, body: Mapping[str, Any], correlation_id: str = "") -> None:
        """One notification. Raises what storage and queues raise: it has to come again then."""
        told = notification(body, self._clock.now())
        if isinstance(told, Received):
            self._receive(told, correlation_id)
        elif isinstance(told, Outgoing):
            self._tell(told, correlation_id)
        else:
            self._journal.mail_set_aside(told, "")

    # -- mail that comes
    # ------------------------------------------------------------------------------------------------

    def _receive(self, told: Received, correlation_id: str) -> None:
        refused = next((name for name in ("virus", "spam") if told.verdicts.get(name) == "FAIL"), None)
        if refused:
            self._journal.mail_set_aside(refused, told.key)
            return
        targets = self._targets(told)
        if not targets:
            return
        raw = self._mails.get(told.key)
        for target in targets:
            self._into_channel(target, told, raw, correlation_id)

    def _targets(self, told: Received) -> list[_Target]:
        """The channels that the mail is for, each once. An address that nobody has is told in the log."""
        found: dict[str, _Target] = {}
        for recipient in told.recipients:
            address = mail_address(recipient)
            target = self._target(address) if address else None
            if target is None:
                self._journal.mail_set_aside("unknown_recipient", told.key)
            elif target.channel.id not in found or target.tag:
                found[target.channel.id] = target
        return list(found.values())

    def _target(self, address: str) -> _Target | None:
        bare, tag = without_tag(address)
        mailbox = self._mailboxes.find(bare)
        channel = self._connected(mailbox)
        return None if mailbox is None or channel is None else _Target(mailbox.account, channel, tag)

    def _connected(self, mailbox: Mailbox | None) -> ConnectedChannel | None:
        channel = self._channels.find(mailbox.account, mailbox.channel_id) if mailbox else None
        return None if channel is None or channel.state == "removed" else channel

    def _into_channel(self, target: _Target, told: Received, raw: bytes, correlation_id: str) -> None:
        a, channel = target.account, target.channel
        ids = [_file_id(a, channel.id, told, number) for number in range(MAX_FILE_IDS)]
        mail = self._reader.read(raw, lambda number: ids[number])
        if mail.is_report:
            self._reported(target, told, mail, correlation_id)
            return
        place = self._place(target, told, mail)
        if place is None:
            reason = "own_address" if mail.sender else "no_sender"
            self._journal.mail_set_aside(reason, told.key, channel.id)
            return
        named = self._ids(target, place, mail)
        if named is None:
            self._journal.mail_set_aside("duplicate", told.key, channel.id)
            return
        files = [self._files.keep(a, channel.id, ids[number], file) for number, file in enumerate(mail.files)]
        self._places.keep_mail(a, self._key(target, place.customer), told.key, told.at)
        document = self._document(told, mail, place, named, files)
        self._send(a, channel, document, correlation_id)
        self._journal.mail_taken(channel.id, told.key, len(files), document["automatic"])

    def _place(self, target: _Target, told: Received, mail: Mail) -> _Place | None:
        """Whose thread it is. Who writes to the tagged address of a chat belongs to that chat, whatever address they
        write from: they have a mail of it. No other sign counts for that, as subjects and ids can be guessed or copied.
        None: nobody wrote it, or the channel itself did."""
        writer = _writer(mail, target.channel.address)
        if writer is None:
            return None
        sent_by = mail.sender if writer is not mail.sender else None
        chat = self._chat(target)
        if chat is None:
            return _Place(writer, None, sent_by)
        thread = self._threads.thread(target.account, chat.thread, [])
        address = mail_address(thread.address) if thread else None
        if (
            address is None
            or self._key(target, writer) == chat.thread
            or self._key(target, Person(address)) != chat.thread
        ):
            return _Place(writer, None, sent_by)
        return _Place(Person(address), writer, sent_by)

    def _key(self, target: _Target, person: Person) -> ThreadKey:
        return ThreadKey(target.channel.id, self._webhooks.canonical(target.channel, person.address))

    def _chat(self, target: _Target) -> Chat | None:
        """The chat of the address's tag, if it is one of this channel."""
        chat_id = chat_of_tag(target.tag, target.account)
        chat = self._threads.chat(target.account, chat_id) if chat_id else None
        return chat if chat and chat.channel_id == target.channel.id else None

    def _document(
        self, told: Received, mail: Mail, place: _Place, named: _Named, files: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The mail as its channel reads it."""
        return {
            "kind": "mail",
            "at": int(told.at.timestamp()),
            "provider_id": named.provider_id,
            "customer": place.customer._asdict(),
            "author": place.author._asdict() if place.author else None,
            "sent_by": place.sent_by._asdict() if place.sent_by else None,
            "to": [one._asdict() for one in mail.to],
            "cc": [one._asdict() for one in mail.cc],
            "subject": mail.subject,
            "text": mail.text,
            "full_text": mail.full_text,
            "html": mail.html,
            "date": rfc3339(mail.date) if mail.date else None,
            "message_id": mail.message_id,
            "in_reply_to": mail.in_reply_to,
            "references": list(mail.references),
            "reply_to": named.reply_to,
            "automatic": mail.automatic or told.null_sender,
            "verdicts": dict(told.verdicts),
            "files": list(files),
            "cut": list(mail.cut),
            "digest": mail.digest,
        }

    def _ids(self, target: _Target, place: _Place, mail: Mail) -> _Named | None:
        """The mail's own id, and that of the message in its thread that it answers: the one named last of those we
        know. A mail without an id goes by its digest, and so does one that bears the id of another mail. None: it is
        recorded already, as mail servers repeat what they heard no answer to."""
        a, channel_id = target.account, target.channel.id
        own = mail.message_id or f"<{mail.digest}@no-message-id>"
        named = [one for one in (mail.in_reply_to, *reversed(mail.references)) if one]
        known = self._threads.seen(a, channel_id, list(dict.fromkeys([own, *named]))[:MAX_ASKED_FOR])
        before = known.get(own)
        if before and before.digest == mail.digest:
            return None
        if before:
            own = f"{own}~{mail.digest[:16]}"
        key = self._key(target, place.customer)
        return _Named(own, self._answered(a, key, named[:MAX_ASKED_FOR], known))

    def _answered(self, a: str, thread: ThreadKey, named: Sequence[str], known: Mapping[str, Seen]) -> str | None:
        """The first of these ids that is a message's of the thread, as the provider calls it. One that we gave a mail
        of ours ourselves is found as long as its send is kept."""
        for one in named:
            if one in known and known[one].thread == thread:
                return one
            message_id = own_message(one, a)
            sent = self._sends.get(a, message_id) if message_id else None
            if sent is not None and sent.thread == thread and sent.provider_id:
                return sent.provider_id
        return None

    # -- what becomes of mail of ours
    # ------------------------------------------------------------------------------------

    def _reported(self, target: _Target, told: Received, mail: Mail, correlation_id: str) -> None:
        """What another server or a mail program writes of a mail of ours is its status, and no message."""
        if not mail.reports:
            self._journal.mail_set_aside("report_of_nothing", told.key, target.channel.id)
            return
        statuses = [
            _status(one.original_id, None, one.status, told.at, one.code, "The customer's mail server refused it.")
            for one in mail.reports
        ]
        self._send(target.account, target.channel, {"kind": "statuses", "statuses": statuses}, correlation_id)

    def _tell(self, told: Outgoing, correlation_id: str) -> None:
        """What the provider tells of a mail of ours."""
        address = mail_address(told.source)
        target = self._target(address) if address else None
        found, noted = outcomes(told), problems(told)
        if target is None or not (found or noted):
            self._journal.mail_set_aside("unknown_source" if target is None else f"outgoing_{told.kind}", "")
            return
        provider_id = message_key(f"{told.provider_id}@email.amazonses.com") or told.provider_id
        statuses = [_status(provider_id, told.message_id, *one) for one in found]
        document = {"kind": "statuses", "statuses": statuses, "problems": noted}
        self._send(target.account, target.channel, document, correlation_id)

    def _send(self, a: str, channel: ConnectedChannel, document: Mapping[str, Any], correlation_id: str) -> None:
        """The document as commands of the inbound worker; what its channel cannot read of it is kept raw."""
        raw = json.dumps(document).encode("ascii")
        parts = self._webhooks.split(channel, raw, {}, self._clock.now())
        readable = [one for one in parts if one.kind in ("messages", "statuses")]
        if len(readable) < len(parts):
            keep(self._blobs, a, channel.id, raw)
        if readable:
            self._queue.send([queued(self._blobs, part_command(a, channel, one, correlation_id)) for one in readable])


MAX_FILE_IDS = 64
"""More than a reader gives files."""


def _writer(mail: Mail, own: str) -> Person | None:
    """Who wrote: the sender. Behind the address of a machine, or the channel's own, which forms of web sites write
    from, it is whom the answer should go to, if that is one person."""
    sender = mail.sender
    if sender is None:
        return None
    is_own = without_tag(sender.address)[0] == own
    if is_own or sender.address.partition("@")[0] in _FORMS:
        others = [one for one in mail.reply_to if without_tag(one.address)[0] != own]
        if len(others) == 1:
            return others[0]
    return None if is_own else sender


_FORMS = frozenset(
    {"no-reply", "noreply", "no_reply", "donotreply", "do-not-reply", "naoresponda", "nao-responda", "nao_responda",
     "wordpress", "form", "forms", "formulario", "site", "website"}
)  # fmt: skip


def _file_id(a: str, channel_id: str, told: Received, number: int) -> str:
    """The same id for the same file of a mail, however often its notification comes."""
    return make_id("fi", a, told.at, sha256(f"{told.key}\n{channel_id}\n{number}".encode()).hexdigest()[:16])


def _status(
    provider_id: str, message_id: str | None, status: str, at: datetime, code: str = "", title: str = ""
) -> dict[str, Any]:
    given = {"provider_id": provider_id, "message_id": message_id, "status": status, "at": int(at.timestamp())}
    return {**given, "code": code, "title": title}
