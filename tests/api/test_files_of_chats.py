"""Files of messages through the API: what is sent with one, and who may fetch it."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.chats import Chat
from recado.domain.files import File
from recado.storage.files import DynamoFiles, add_chat_of_file
from recado.storage.transaction import Transaction
from tests.api.conftest import Answered, Api, Company
from tests.api.test_chats import chat as chat

MB = 1_048_576


def uploaded(api: Api, company: Company, clock: Any, by: str = "agent", **told: Any) -> str:
    """An accepted file; its id."""
    body = {"feature": "service", "name": "foto.png", "content_type": "image/png", "size": 10, **told}
    file_id: str = api.post("/v1/files", body, token=company.tokens[by]).json["file_id"]
    file = DynamoFiles().get(company.a, file_id)
    assert file is not None and DynamoFiles().accept(company.a, file, "e" * 32, None, clock.now())
    return file_id


def send(api: Api, company: Company, chat: Chat, **body: Any) -> Answered:
    return api.post(f"/v1/chats/{chat.id}/messages", body, token=company.tokens["agent"])


def readers(api: Api, company: Company, file_id: str) -> set[str]:
    """The roles for which the file is there, each with a link."""
    answers = {role: api.get(f"/v1/files/{file_id}", token=token) for role, token in company.tokens.items()}
    assert all(one.json["url"] for one in answers.values() if one.status == 200)
    return {role for role, one in answers.items() if one.status == 200}


def test_a_file_is_sent_and_shown(api: Api, company: Company, chat: Chat, clock: Any, services: Any) -> None:
    file_id = uploaded(api, company, clock)
    sent = send(api, company, chat, file_id=file_id, text="olha")
    assert (sent.status, sent.json["kind"], sent.json["text"]) == (201, "image", "olha")
    assert sent.json["file"] == {
        "id": file_id, "name": "foto.png", "content_type": "image/png", "size": 10, "state": "accepted", "reason": None,
    }  # fmt: skip
    assert services.outbound_queue.sent[-1].body["message_id"] == sent.json["id"]
    listed = api.get(f"/v1/chats/{chat.id}/messages", token=company.admin).json["items"]
    assert listed[-1] == sent.json


def test_the_same_key_sends_a_file_once(api: Api, company: Company, chat: Chat, clock: Any) -> None:
    body, headers = {"file_id": uploaded(api, company, clock)}, {"Idempotency-Key": "k"}
    path, token = f"/v1/chats/{chat.id}/messages", company.tokens["agent"]
    assert (
        api.post(path, body, token=token, headers=headers).json
        == api.post(path, body, token=token, headers=headers).json
    )
    assert len(api.get(path, token=token).json["items"]) == 2


def test_what_is_refused(api: Api, company: Company, chat: Chat, clock: Any) -> None:
    body = {"feature": "service", "name": "a.png", "content_type": "image/png", "size": 10}
    pending = api.post("/v1/files", body, token=company.tokens["agent"]).json["file_id"]
    refused = send(api, company, chat, file_id=pending)
    assert (refused.status, refused.json["code"], refused.json["file_state"]) == (409, "file_not_accepted", "pending")
    assert refused.json["errors"][0]["pointer"] == "/file_id"
    large = send(api, company, chat, file_id=uploaded(api, company, clock, size=5 * MB + 1))
    assert (large.status, large.json["limit"], large.json["errors"][0]["pointer"]) == (413, 5 * MB, "/file_id")
    wrong = send(api, company, chat, file_id=uploaded(api, company, clock), kind="video")
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (415, "/file_id")
    others = send(api, company, chat, file_id=uploaded(api, company, clock, by="restricted"))
    assert (others.status, others.json["errors"][0]["pointer"]) == (404, "/file_id")
    photo = send(api, company, chat, file_id=uploaded(api, company, clock, feature="photo"))
    assert (photo.status, photo.json["errors"][0]["pointer"]) == (400, "/file_id")
    assert len(api.get(f"/v1/chats/{chat.id}/messages", token=company.admin).json["items"]) == 1


def test_a_customers_file_is_for_who_sees_the_chat(
    api: Api, company: Company, other_company: Company, chat: Chat, clock: Any, ids: Any
) -> None:
    file_id = ids.new("fi", company.a)
    file = File(file_id, "service", "foto.png", "image/png", 3, chat.contact_id, clock.now(), "accepted", etag="e" * 64)
    DynamoFiles().create(company.a, file)
    assert readers(api, company, file_id) == {"admin", "api"}
    tx = Transaction()
    add_chat_of_file(tx, company.a, file_id, chat.id)
    tx.commit()
    assert readers(api, company, file_id) == {"admin", "api", "agent"}
    assert readers(api, other_company, file_id) == set()


def test_what_a_user_uploaded_is_for_who_sees_the_chat_it_was_sent_in(
    api: Api, company: Company, chat: Chat, clock: Any
) -> None:
    file_id = uploaded(api, company, clock, by="admin")
    assert readers(api, company, file_id) == {"admin", "api"}
    sent = api.post(f"/v1/chats/{chat.id}/messages", {"file_id": file_id}, token=company.admin)
    assert sent.status == 201
    assert readers(api, company, file_id) == {"admin", "api", "agent"}


@pytest.mark.parametrize("feature", ["flow", "shortcut"])
def test_what_was_made_to_be_sent_is_everybodys_once_it_is_there(
    api: Api, company: Company, clock: Any, feature: str
) -> None:
    body = {"feature": feature, "name": "a.pdf", "content_type": "application/pdf", "size": 10}
    pending = api.post("/v1/files", body, token=company.admin).json["file_id"]
    assert api.get(f"/v1/files/{pending}", token=company.tokens["restricted"]).status == 404
    file_id = uploaded(api, company, clock, by="admin", feature=feature)
    assert readers(api, company, file_id) == {"admin", "api", "agent", "restricted"}
