"""What comes for a channel that was removed: webhooks are 404, and what waited in the queue opens no chat."""

from __future__ import annotations

from typing import Any

import pytest

from recado.services.ingress import keep
from tests.reception import APP_SECRET, CHANNEL, NUMBER_ID, A, Reception, said, text


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


def remove(reception: Reception) -> None:
    reception.connect(CHANNEL, "whatsapp", NUMBER_ID, {}, state="removed")
    reception.directory._known.clear()


def test_a_webhook_is_not_found(reception: Reception) -> None:
    remove(reception)
    assert reception.post(said(text("wamid.1"))).answer.status == 404
    assert reception.queue.commands == []


def test_what_waits_in_the_queue_is_kept_and_opens_no_chat(reception: Reception) -> None:
    assert reception.post(said(text("wamid.1"))).answer.status == 200
    waiting = str(reception.queue.commands[0].body["part"])
    remove(reception)
    assert reception.work() == []
    assert (reception.chats(), reception.contacts(), reception.all_messages()) == ([], [], [])
    assert reception.journal.kept == [keep(reception.blobs, A, CHANNEL, waiting.encode())]
    assert reception.dead_letters.commands == []


def test_a_paused_channel_goes_on_receiving(reception: Reception) -> None:
    secrets = {"app_secret": [APP_SECRET]}
    reception.connect(CHANNEL, "whatsapp", NUMBER_ID, secrets, state="paused")
    reception.deliver(said(text("wamid.1")))
    assert len(reception.chats()) == 1
