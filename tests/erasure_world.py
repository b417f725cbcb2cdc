"""A company, and people of whom every kind of item and object holds something: each thing that a person is, said or is
called has a word of their own in it (`Person.words`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from recado.domain.access import Caller
from recado.domain.billing import Opening, Windows
from recado.domain.buttons import Click, new_tag
from recado.domain.calls import Call
from recado.domain.changes import Change, MessageChanged
from recado.domain.channels import Channel
from recado.domain.chats import Author, Chat, Event, ThreadKey
from recado.domain.contact_search import search_tokens
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField
from recado.domain.file_limits import Feature
from recado.domain.files import File, quarantine_key, served_key
from recado.domain.flow_starts import FlowStart
from recado.domain.intake import Arrival
from recado.domain.messages import Sender
from recado.domain.raw_keys import kept_key, parked_command_key, part_key, split_key
from recado.domain.task_runs import Lane, Result, Run, Sent, Target, ended_as
from recado.ports.chats import ChatFilter
from recado.ports.idempotency import Claimed, Kept
from recado.ports.inbound import Delivery
from recado.services.erasing import ErasingService
from recado.services.erasing_elsewhere import ErasingRaw
from recado.services.facts import message_event
from recado.services.intake import Customer
from recado.services.sending import NewMessage
from recado.services.views import event_view
from recado.storage import keys
from recado.storage.alerts import AlertRecord
from recado.storage.billing import OpeningsRecord, _stored
from recado.storage.buttons import DynamoClicks
from recado.storage.calls import DynamoCalls
from recado.storage.chat_records import ChatEventRecord, MessageRecord
from recado.storage.contact_erasures import DynamoErasures
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contacts import ContactStore
from recado.storage.custom_fields import DynamoCustomFields
from recado.storage.event_fields import event_fields
from recado.storage.files import DynamoFiles
from recado.storage.outbox import DynamoOutbox
from recado.storage.task_runs import TaskLaneRecord, TaskRunRecord
from recado.storage.task_targets import DynamoLanes
from tests.file_samples import png
from tests.handlers.stack import BUCKETS, LambdaContext, Stack
from tests.reception import said, signed, text
from tests.widget_site import Site

NUMBER_ID, APP_SECRET, OURS = "100000000000001", "app-secret", "suporte@mail.example"
_IS_FACT = ChatEventRecord.sk.startswith("EVT#")
Item = tuple[str, str, str]
"""A table, and the two keys."""


@dataclass(frozen=True)
class Person:
    """Who they are. `word` is in all they are and say; the number and the user id are nobody else's."""

    word: str
    number: str
    user_id: str

    @property
    def email(self) -> str:
        return f"{self.word}@cliente.example"

    @property
    def words(self) -> tuple[str, ...]:
        """What nobody may find any more."""
        return self.word, self.number, self.number[4:], self.user_id


CANARY = Person("canarinho", "5511987606677", "BR.778899001122")
OTHER = Person("sabia", "5511912344321", "BR.112233445566")


class ErasureWorld:
    """One company; everything in it is made through the product's own services where these make it."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.site = stack, Site(stack)
        self.a, self.product = self.site.a, stack.container
        self.admin = Caller(self.a, "admin", user_id=self.site.signed.admin.id)
        department = self.site.signed.department.id
        made = self.product.channel_service.create
        secrets = {"app_secret": APP_SECRET, "verify_token": "verify", "access_token": "access"}
        self.whatsapp: Channel = made(
            self.a, "whatsapp", "WhatsApp", department, {"phone_number_id": NUMBER_ID}, secrets
        )
        now = self.product.clock.now()
        self.mail = Channel(
            f"ch_{self.a}_{8:027x}", "email", "Mail", department, now, {"address": OURS}, OURS, directory="mailbox"
        )
        self.product.channels.create(self.a, self.mail, {})
        self.telephone = Channel(f"ch_{self.a}_{9:027x}", "telephone", "Telefone", department, now)
        self.product.channels.create(self.a, self.telephone, {})
        field = CustomField(self.new("cf"), "contacts", "apelido", "Apelido", "text", now)
        assert DynamoCustomFields().create(self.a, field)
        self.group = self.product.group_service.create(self.a, "group", "Amigos").id
        self._count = 0

    def new(self, kind: str) -> str:
        return str(self.product.ids.new(kind, self.a))

    # -- what a person does
    # --------------------------------------------------------------------------------------------

    def says(self, person: Person, *words: str, user_id: bool = False) -> None:
        """WhatsApp messages in one webhook."""
        messages = []
        for word in words:
            self._count += 1
            more = {"from_user_id": person.user_id} if user_id else {}
            messages.append(text(f"wamid.{self._count}", word, person.number, **more))
        contact = {"wa_id": person.number, "profile": {"name": f"{person.word} Silva"}}
        if user_id:
            contact["user_id"] = person.user_id
        raw = said(*messages, contacts=[contact], number_id=NUMBER_ID)
        event = {
            "pathParameters": {"channel_id": self.whatsapp.id},
            "requestContext": {"http": {"method": "POST"}, "requestId": "request-1"},
            "headers": {"X-Hub-Signature-256": signed(raw, APP_SECRET)["x-hub-signature-256"]},
            "body": raw.decode(),
            "isBase64Encoded": False,
        }
        assert self.stack.invoke("ingress", event)["statusCode"] == 200
        assert self.stack.work("inbound", "inbound") == []

    def writes_mail(self, person: Person) -> None:
        """A mail with an attachment."""
        made = EmailMessage()
        made["From"], made["To"] = f"{person.word} <{person.email}>", OURS
        made["Message-ID"] = f"<{person.word}-1@cliente.example>"
        made.set_content(f"Um e-mail de {person.word}")
        made.add_attachment(
            png() + person.word.encode(), maintype="image", subtype="png", filename=f"{person.word}.png"
        )
        key = f"mail/{person.word}"
        self.stack.s3.put_object(Bucket=BUCKETS["MAIL_BUCKET"], Key=key, Body=made.as_bytes())
        at = self.product.clock.now().isoformat()
        receipt = {"timestamp": at, "recipients": [OURS], "action": {"type": "S3", "objectKey": key}}
        told = {
            "notificationType": "Received",
            "mail": {"timestamp": at, "messageId": f"ses-{person.word}", "source": "x@y.example"},
            "receipt": receipt,
        }
        record = {"messageId": "1", "body": json.dumps(told), "attributes": {"ApproximateReceiveCount": "1"}}
        assert self.stack.invoke("mail", {"Records": [record]}) == {"batchItemFailures": []}
        assert self.stack.work("inbound", "inbound") == []

    def chats_online(self, person: Person) -> str:
        """A visitor of the site who says who they are, and announces a file that they never send; their contact."""
        page = self.site.page(identity={"external_id": f"{person.word}-7", "name": person.word})
        message = page.say("c-1", f"Oi do site, {person.word}").json
        wanted = {"name": f"{person.word}.png", "content_type": "image/png", "size": 10}
        announced = self.site.call("POST", "/widget/files", wanted, page.token)
        assert announced.status == 201, announced
        self.keep_bytes(announced.json["file_id"], person, "etag")
        return str(message["contact_id"])

    def calls(self, person: Person) -> None:
        """A telephone call, as its message and what is known of it."""
        key, call_id = f"+{person.number}", f"CA{person.word}"
        arrival = Arrival(
            call_id, Sender(key, phone=person.number), True, "call", "", {"state": "missed"}, None, None,
            self.product.clock.now(),
        )  # fmt: skip
        channel = self.product.channel_directory.find(self.a, self.telephone.id)
        assert channel is not None
        (message,) = self.product.intake.record(Customer(self.a, channel, key), [arrival])
        call = Call(
            call_id, self.telephone.id, self.product.clock.now(), sender=key, seq=message.seq, message_id=message.id,
            chat_id=message.chat_id,
        )  # fmt: skip
        assert DynamoCalls().write(self.a, None, call)

    # -- what the company does
    # -----------------------------------------------------------------------------------------

    def file_of(self, person: Person, feature: Feature, by: str, state: Any = "accepted") -> str:
        """A file with its bytes."""
        file = File(
            self.new("fi"), feature, f"{person.word}.png", "image/png", 10, by, self.product.clock.now(), state,
            etag="etag",
        )  # fmt: skip
        DynamoFiles().create(self.a, file)
        self.keep_bytes(file.id, person, "etag")
        return file.id

    def keep_bytes(self, file_id: str, person: Person, etag: str) -> None:
        body = b"bytes of " + person.word.encode()
        for key in (served_key(self.a, file_id, etag), quarantine_key(self.a, file_id)):
            self.stack.s3.put_object(Bucket=BUCKETS["FILES_BUCKET"], Key=key, Body=body)

    def flow(self) -> str:
        """A published flow."""
        flows, project = self.product.flow_service, self.product.project_service.create(self.admin.account, "Fluxos")
        steps = {"a": {"type": "ask", "text": "É {{word}}?", "save_as": "reply"}}
        made = flows.create(self.a, project.id, "Pergunta", "a", steps)
        flows.publish(self.admin, made.id)
        return made.id

    def serve(self, person: Person, chat: Chat) -> None:
        """All that is done in a chat: a flow, answers with a file, notes, corrections, marks, its end."""
        send, product = self.product.sending_service.send, self.product
        started = product.flow_starting.in_chat(
            self.admin, chat.id, FlowStart(self.flow(), "user", {"word": person.word})
        )
        product.flow_engine.look(self.a, started.execution.id)
        product.chat_actions.assume(self.admin, chat.id)
        file_id = self.file_of(person, "service", self.admin.id)
        sent = send(self.admin, chat.id, NewMessage(text=f"Olá, {person.word}!", file_id=file_id))
        delivery = Delivery("sent", product.clock.now())
        DynamoOutbox().settle_by_status(self.a, chat.channel_id, sent.id, f"wamid.out-{person.number}", delivery)
        note = send(self.admin, chat.id, NewMessage(text=f"nota sobre {person.word}", internal=True))
        product.message_changes.edit(self.admin, chat.id, note.id, f"outra nota sobre {person.word}")
        unattended = Event(
            self.new("ev"), "chat.unattended", product.clock.now(), Author("system"),
            {"id": chat.id, "contact_id": chat.contact_id, "about": person.word,
             "from": {"department_id": chat.department_id}}, chat.contact_id, chat.id,
        )  # fmt: skip
        ChatEventRecord.of_event(self.a, unattended).save()
        AlertRecord.of(
            unattended, pk=keys.alerts_pk(self.a, chat.department_id), sk=unattended.id, **event_fields(unattended)
        ).save()
        windows = Windows(None, {"utility": Opening(product.clock.now(), sent.id)})
        OpeningsRecord(
            keys.thread_pk(self.a, chat.thread), "BILLING", version=1,
            conversations={name: _stored(one) for name, one in windows.conversations.items()},
        ).save()  # fmt: skip
        product.chat_actions.close(self.admin, chat.id, None, f"fechado com {person.word}")

    def known_as(self, person: Person, contact_id: str) -> str:
        """What people write about a contact, of all kinds; its photo."""
        photo = self.file_of(person, "photo", self.admin.id)
        earlier = self.file_of(person, "photo", self.admin.id)
        word = person.word
        for photo_id in (earlier, photo):
            given = {
                "notes": f"notas {word}", "address": f"Rua {word}, 7", "birthday": "1990-04-01", "email": person.email,
                "custom_fields": {"apelido": word}, "group_ids": [self.group], "photo_file_id": photo_id,
            }  # fmt: skip
            self.product.contact_service.change(self.admin, contact_id, given)
        self.product.contact_timelines.comment(self.admin, contact_id, f"comentário sobre {word}")
        return photo

    def run_exports(self, remaining_ms: int = 180_000) -> None:
        """The commands of exports that wait, worked off."""
        for record in self.stack.receive("contact_exports"):
            self.stack.invoke("contact_exports", {"Records": [record]}, LambdaContext(remaining_ms))
            self.stack.delete("contact_exports", record)

    def answered(self, person: Person, contact_id: str, photo: str) -> None:
        """What the API keeps of its answers for a day."""
        store, now = self.product.idempotency, self.product.clock.now()
        for key, body in {
            "a": {"id": contact_id, "name": person.word},
            "b": {"file_id": photo, "name": person.word},
        }.items():
            claimed = store.claim(
                self.a, self.admin.id, f"{key}-{person.word}", "request", now, now, now + timedelta(days=1)
            )
            assert isinstance(claimed, Claimed)
            text_of_body = json.dumps({"body": json.dumps(body), "headers": {}}).encode()
            store.keep(self.a, self.admin.id, f"{key}-{person.word}", claimed.claim, Kept("request", 201, text_of_body))

    def kept_raw(self, person: Person, beside: Person) -> None:
        """Bodies that were kept raw; of two people in the one that is split."""
        body = json.dumps({"from": person.number, "text": {"body": person.word}})
        commands = [
            [f"{self.whatsapp.id}#+{one.number}", one.word, {"part": json.dumps({"from": one.number, "t": one.word})}]
            for one in (person, beside)
        ]
        bodies = {
            kept_key(self.a, self.whatsapp.id, person.word[:2] + "1"): body,
            parked_command_key(self.a, person.word[:2] + "2"): body,
            part_key(self.a, self.whatsapp.id, person.word[:2] + "3"): body,
            split_key(self.a, self.whatsapp.id, person.word[:2] + "4"): json.dumps(commands),
        }
        for key, kept in bodies.items():
            self.stack.s3.put_object(Bucket=BUCKETS["RAW_BUCKET"], Key=key, Body=kept.encode())

    # -- a whole person
    # ------------------------------------------------------------------------------------------------

    def person(self, person: Person) -> Contact:
        """Somebody of whom every kind of thing holds something."""
        tag = new_tag(person.word)
        click = Click(tag, self.new("bt"), self.whatsapp.id, self.product.clock.now(), {"utm_source": person.word})
        assert DynamoClicks().put(self.a, click)
        self.says(person, f"Oi, sou {person.word} [#{tag}]", f"e falo de {person.word}", user_id=True)
        contact_id = self.contact_id(person)
        photo = self.known_as(person, contact_id)
        self.writes_mail(person)
        self.calls(person)
        self.serve(person, self.chat_of(contact_id, "whatsapp"))
        principal = self.product.contact_service.create(self.admin, {"name": f"Chefe {len(person.word)}"})
        self.product.contact_service.link(self.admin, contact_id, principal["id"])
        self.product.contact_service.link(self.admin, contact_id, None)
        visitor = self.chats_online(person)
        merging = self.product.contact_merging
        merging.merge(self.admin, contact_id, visitor)
        kept = self.product.contact_service.create(self.admin, {"name": f"Engano {len(person.word)}"})
        mistaken = merging.merge(self.admin, kept["id"], contact_id)
        self.product.contact_service.change(self.admin, kept["id"], {"city": "Recife"})
        merging.undo(self.admin, kept["id"], mistaken.id)
        self.product.contact_service.link(self.admin, contact_id, principal["id"])
        self.answered(person, contact_id, photo)
        found = ContactStore().get(self.a, contact_id)
        assert found is not None
        return found

    def meant(self, person: Person, contact_id: str) -> None:
        """A run of a task wrote to them."""
        now, lanes = self.product.clock.now(), DynamoLanes()
        run = Run(self.new("rn"), self.new("ts"), "contacts", {"type": "run_flow"}, 1, now, "running")
        TaskRunRecord.of_run(self.a, run).save()
        lane = Lane(0)
        TaskLaneRecord.of_lane(self.a, run, lane).save()
        sent = Sent(self.new("fx"), self.new("ms"), ThreadKey(self.whatsapp.id, person.number), 1)
        after = ended_as(Target(contact_id), Result("pending", sent=sent), now)
        assert lanes.settle(self.a, run, lane, replace(lane, version=1), [(Target(contact_id), after)])

    def bystander(self, person: Person) -> str:
        """Somebody who has nothing to do with them; their contact."""
        self.says(person, f"Oi, sou {person.word}")
        contact_id = self.contact_id(person)
        photo = self.known_as(person, contact_id)
        self.writes_mail(person)
        self.serve(person, self.chat_of(contact_id, "whatsapp"))
        self.answered(person, contact_id, photo)
        return contact_id

    def contact_id(self, person: Person) -> str:
        found = self.product.contact_service.find(self.a, person.number, 5, None).items
        assert len(found) == 1
        return found[0].id

    def chat_of(self, contact_id: str, channel_type: str) -> Chat:
        chats, _ = self.product.chat_service.chats(self.admin, ChatFilter(contact_ids=(contact_id,)), 50, None)
        return next(one for one in chats if one.channel_type == channel_type)

    def tell(self) -> None:
        """What the streams would have told by now, in the feed."""
        facts = [one.event() for record in (ContactEventRecord, ChatEventRecord) for one in record.scan(_IS_FACT)]
        told = [event_view(one) for one in facts]
        for record in MessageRecord.scan(MessageRecord.sk.startswith("MSG#")):
            change = Change(self.a, "1", self.product.clock.now(), MessageChanged(None, record.message()))
            event = message_event(change, None, record.message())
            told += [event_view(event)] if event else []
        self.product.feed.feed(self.a, told)

    # -- erasing
    # -------------------------------------------------------------------------------------------------------

    def erasing(self) -> ErasingService:
        """The product's own, with no patience for bodies on their way."""
        service = self.product.erasing
        raw = service._steps["raw"]
        assert isinstance(raw, ErasingRaw)
        raw._on_its_way = timedelta(0)
        return service

    def erase(self, contact_id: str, **given: Any) -> Mapping[str, int]:
        """From the request to the end; what was counted."""
        asked = self.product.contact_erasures.request(
            self.admin, contact_id, "requested", **{"close_chats": True, **given}
        )
        self.finish()
        ended = DynamoErasures().get(self.a, asked.id)
        assert ended is not None
        assert ended.state == "done"
        return ended.erased

    def finish(self, service: ErasingService | None = None) -> None:
        """The minutes pass, and the streams are read."""
        service = service or self.erasing()
        for _ in range(30):
            while service.look_due(160).done:
                pass
            if not DynamoErasures().due(self.product.clock.now() + timedelta(days=1), 16).found:
                return
            self.stack.container.clock.move(300)  # type: ignore[attr-defined]
        raise AssertionError("the erasure does not end")

    # -- what is stored
    # ------------------------------------------------------------------------------------------------

    def items(self, dynamodb: Any) -> dict[Item, str]:
        """Every item of every table, as text."""
        found: dict[Item, str] = {}
        for table in ("contacts", "chats", "workspace"):
            for page in dynamodb.get_paginator("scan").paginate(TableName=table):
                for item in page["Items"]:
                    found[table, item["pk"]["S"], item["sk"]["S"]] = json.dumps(item, sort_keys=True, default=_text)
        return found

    def objects(self) -> dict[str, bytes]:
        """Every object of every bucket."""
        found = {}
        for bucket in BUCKETS.values():
            for one in self.stack.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                body = self.stack.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                found[f"{bucket}/{one['Key']}"] = body
        return found


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def tokens_of(contact: Contact) -> set[str]:
    """By what the contact was found."""
    return set(search_tokens(contact))
