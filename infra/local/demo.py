"""`make demo`: one WhatsApp message goes all the way through the running local stack, told step by step.

Reads `.local/demo.json`, speaks only the public contract and the provider simulator's controls, and leaves the agents
as it found them: unavailable and logged out. Exit 0 when every step came, 1 with the reason when one did not.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Started by its file's name, Python sees this folder alone.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.local import local_clock
from infra.local.demo_client import POLL_S, Agent, Client, DemoFailed, Unreachable, brief, read_demo, wait_for
from infra.local.demo_message import new_customer, signed_text, status_rank
from infra.local.demo_story import Story

QUESTION = "Oi! Vocês entregam no sábado?"
REPLY = "Olá! Entregamos, sim, até as 18h. Posso ajudar em algo mais?"
SCRIPTED_FAILURE = '{"channel":"whatsapp","responses":[{"status":400,"body":{"error":{"code":131047}}}]}'
# How long a late status is given to do harm: statuses are taken at once and worked off a moment later.
LATE_WATCH_S = 1.5
START_IT = "The stack is not running: start it with `make run`, wait for the line `Ready`, and try again."


@dataclass(frozen=True)
class Stage:
    """Everything the steps need: the demo account and its folder, who speaks, where the story is told."""

    demo: dict[str, Any]
    local_dir: Path
    product: Client
    simulator: Client
    admin: Client
    agents: dict[str, Agent]
    story: Story


def play(demo: dict[str, Any], local_dir: Path, story: Story) -> None:
    """All steps in order. DemoFailed: one did not come; Unreachable: nobody answers."""
    product = Client(demo["base_url"])
    admin = product.as_bearer(demo["api_token"])
    with working_agents(demo, product, story) as agents:
        stage = Stage(demo, local_dir, product, Client(demo["providers_url"]), admin, agents, story)
        number = send_question(stage)
        contact = find_contact(stage, number)
        chat = find_chat(stage, contact)
        tell_assignment(stage, chat)
        message = send_reply(stage, chat)
        provider_id = find_at_provider(stage, chat, message)
        play_statuses(stage, chat, message, provider_id)
        tell_what_next(stage, contact, chat)


@contextmanager
def working_agents(demo: dict[str, Any], product: Client, story: Story) -> Iterator[dict[str, Agent]]:
    """Log the demo agents in and make them available; send them home afterwards, whatever happened."""
    agents: dict[str, Agent] = {}
    try:
        for known in demo["agents"]:
            login = product.post("/v1/sessions", {"email": known["email"], "password": known["password"]}, expect=201)
            agent = Agent(known["id"], known["name"], product.as_bearer(login["token"]))
            agents[agent.id] = agent
            agent.client.put(f"/v1/users/{agent.id}/presence", {"status": "available"})
        names = ", ".join(agent.name for agent in agents.values())
        story.step("Agents at work", f"{names} logged in and are available")
        yield agents
    finally:
        for agent in agents.values():
            agent.go_home()


def send_question(stage: Stage) -> str:
    """A customer nobody knows writes; the number in digits."""
    channel = stage.demo["channels"]["whatsapp"]
    customer = new_customer()
    # By the local world's clock: an old message would find its service window closed.
    body, headers = signed_text(channel, customer, QUESTION, local_clock.now(stage.local_dir))
    stage.story.start()
    answer = stage.product.send("POST", channel["webhook_url"], body, headers)
    if answer.status != 200:
        raise DemoFailed(f"the webhook was refused with {answer.status}: {brief(answer.text)}")
    stage.story.step("Webhook accepted", f"200 for a signed message of +{customer.number}: “{QUESTION}”")
    return customer.number


def find_contact(stage: Stage, number: str) -> dict[str, Any]:
    query = number.removeprefix("55")
    found = wait_for("the contact", lambda: stage.admin.items("/v1/contacts", q=query))
    contact: dict[str, Any] = found[0]
    stage.story.step("Contact made", f"{contact['name']}, {contact.get('mobile') or contact.get('phone')}")
    stage.story.more(contact["id"])
    return contact


def find_chat(stage: Stage, contact: dict[str, Any]) -> dict[str, Any]:
    """The contact's chat once an agent has it."""
    chats = wait_for("the chat", lambda: stage.admin.items("/v1/chats", contact_id=contact["id"]))
    stage.story.step("Chat opened", f"{chats[0]['channel_type']}, {chats[0]['situation']}")
    stage.story.more(chats[0]["id"])

    def assigned() -> dict[str, Any] | None:
        chat = stage.admin.get(f"/v1/chats/{chats[0]['id']}")
        return chat if chat.get("agent_id") else None

    try:
        return wait_for("an agent for the chat", assigned)
    except DemoFailed as late:
        raise DemoFailed(f"{late}: {why_nobody(stage, chats[0]['id'])}") from None


def why_nobody(stage: Stage, chat_id: str) -> str:
    """The flow that leads the chat, or what its department's distribution says against giving it out."""
    chat = stage.admin.get(f"/v1/chats/{chat_id}")
    if chat["situation"] == "automatic":
        return "a flow leads it, the channel's `entry_flow_id`; docs/flows.md says how to see what it did"
    turns = stage.admin.get(f"/v1/departments/{chat['department_id']}/distribution")
    if not turns["enabled"]:
        return "its department's distribution is off"
    if not turns["open"]:
        return f"its department is closed, until {turns['opens_at'] or 'its settings change'}"
    if turns["next_agent_id"] is None:
        against = [f"{one['name']} {one['outcome'].replace('_', ' ')}" for one in turns["members"]]
        return f"nobody can be given it ({', '.join(against) or 'the department has no members'})"
    return "somebody could be given it; docs/runbook.md, “Chats that wait although agents are free”, goes on"


def tell_assignment(stage: Stage, chat: dict[str, Any]) -> None:
    """Who got the chat and why: its newest receipt."""

    def receipts() -> list[dict[str, Any]]:
        listed = stage.admin.items(f"/v1/chats/{chat['id']}/assignments")
        return [receipt for receipt in listed if receipt.get("agent_id") == chat["agent_id"]]

    receipt = wait_for("the receipt of the assignment", receipts)[-1]
    names = {agent.id: agent.name for agent in stage.agents.values()}
    stage.story.step("Given to an agent", f"{names.get(chat['agent_id'], chat['agent_id'])}, turn {receipt['turn']}")
    stage.story.more(f"because: {receipt['cause']}")
    for candidate in receipt["candidates"]:
        name = names.get(candidate["agent_id"], candidate["agent_id"])
        cap = "no cap" if candidate.get("cap") is None else f"cap {candidate['cap']}"
        stage.story.more(f"{name}: {candidate['outcome'].replace('_', ' ')} (load {candidate.get('load')}, {cap})")
    if receipt.get("not_listed"):
        stage.story.more(f"and {receipt['not_listed']} more passed over")


def send_reply(stage: Stage, chat: dict[str, Any]) -> dict[str, Any]:
    """The agent reads the chat and answers."""
    agent = stage.agents.get(chat["agent_id"])
    if agent is None:
        raise DemoFailed(f"the chat went to {chat['agent_id']}, who is none of the demo agents")
    read = agent.client.items(f"/v1/chats/{chat['id']}/messages")
    if not any(message["direction"] == "inbound" and message.get("text") == QUESTION for message in read):
        raise DemoFailed(f"{agent.name} does not find the customer's message in the chat")
    message: dict[str, Any] = agent.client.post(
        f"/v1/chats/{chat['id']}/messages",
        {"kind": "text", "text": REPLY},
        expect=201,
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    stage.story.step("Agent answers", f"{agent.name}: “{REPLY}”")
    stage.story.more(f"{message['id']} is {message['status']}")
    return message


def find_at_provider(stage: Stage, chat: dict[str, Any], message: dict[str, Any]) -> str:
    """What the provider was asked to send; the id it gave, once the product knows it too."""

    def sent() -> list[dict[str, Any]]:
        calls = stage.simulator.items("/calls", channel="whatsapp")
        return [call for call in calls if _callback_data(call) == message["id"]]

    call = wait_for("the send at the provider", sent)[-1]
    stage.story.step("Provider got it", f"{call['method']} {call['path']}")
    stage.story.more(f"to {call['body'].get('to')}: “{call['body'].get('text', {}).get('body')}”")

    def accepted() -> object:
        now = _find(stage, chat, message)
        if now["status"] == "failed":
            error = now.get("error") or {}
            raise DemoFailed(f"the provider refused the message: {error.get('code')}: {error.get('title')}")
        return now.get("provider_id")

    known = wait_for("the provider's id on the message", accepted)
    stage.story.more(f"accepted as {known}")
    return str(known)


def _callback_data(call: dict[str, Any]) -> object:
    return call["body"].get("biz_opaque_callback_data") if isinstance(call["body"], dict) else None


def _find(stage: Stage, chat: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    for listed in stage.admin.items(f"/v1/chats/{chat['id']}/messages"):
        if listed["id"] == message["id"]:
            return listed
    raise DemoFailed(f"message {message['id']} is gone from the chat")


def play_statuses(stage: Stage, chat: dict[str, Any], message: dict[str, Any], provider_id: str) -> None:
    """The provider reports sent, delivered, read; a late `sent` must change nothing."""
    before = _find(stage, chat, message)["status"]
    for status in ("sent", "delivered", "read"):
        _report(stage, provider_id, status)

        def moved(wanted: str = status) -> str | None:
            now = str(_find(stage, chat, message)["status"])
            return now if status_rank(now) >= status_rank(wanted) else None

        after = wait_for(f"the status {status}", moved)
        stage.story.step(f"Status {status}", f"{before} → {after}")
        before = after
    _report(stage, provider_id, "sent")
    deadline = time.monotonic() + LATE_WATCH_S
    while time.monotonic() < deadline:
        again = _find(stage, chat, message)["status"]
        if again != "read":
            raise DemoFailed(f"a late `sent` moved the message from read back to {again}")
        time.sleep(POLL_S)
    stage.story.step("Late sent", "arrives again after read: the status stays read")


def _report(stage: Stage, provider_id: str, status: str) -> None:
    wish = {"channel": "whatsapp", "provider_id": provider_id, "status": status}
    said = stage.simulator.post("/status", wish)["webhook"]
    if said["status"] != 200:
        raise DemoFailed(f"the status webhook `{status}` was refused with {said['status']}: {brief(said['body'])}")


def tell_what_next(stage: Stage, contact: dict[str, Any], chat: dict[str, Any]) -> None:
    base, providers = stage.demo["base_url"], stage.demo["providers_url"]
    stage.story.end(
        "What to try next",
        [
            "make demo once more: the next customer goes to the next agent in turn",
            f"the chat      curl -H 'Authorization: Bearer {stage.demo['api_token']}' {base}/v1/chats/{chat['id']}",
            f"its history   …/v1/contacts/{contact['id']}/timeline",
            "the feed      …/v1/events",
            f"every call    {base}/v1/openapi.json",
            f"the provider  {providers}/calls?channel=whatsapp",
            f"a failure     curl {providers}/script -d '{SCRIPTED_FAILURE}', then make demo",
        ],
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description="One WhatsApp message goes all the way")
    parser.add_argument(
        "--demo",
        type=Path,
        default=Path(__file__).resolve().parents[2] / ".local" / "demo.json",
        help="demo.json in the --state-dir of the running stack (.local/demo.json)",
    )
    arguments = parser.parse_args()
    story = Story(sys.stdout)
    try:
        play(read_demo(arguments.demo), arguments.demo.parent, story)
    except Unreachable as error:
        story.failure(f"{error}\n{START_IT}")
        return 1
    except DemoFailed as error:
        story.failure(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
