"""Whether a condition of a flow holds: the segment tree of tasks and lists, over the contact, its chat and what the
flow saved (PRODUCT F1, G3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from recado.domain.chats import Chat, Thread
from recado.domain.contacts import Contact
from recado.domain.flow_definitions import Step
from recado.domain.segment_matching import Matcher
from recado.domain.segment_saved import saved_values
from recado.domain.segments import Group
from recado.ports.agents import ChatReads
from recado.services.variables import ContactReads
from recado.services.views import moment


class FlowTrees(Protocol):
    """Readings of filters (services.segments)."""

    def flow_tree(self, a: str, given: Any, saved: Mapping[str, Any], pointer: str) -> Group:
        """The tree of a flow's condition. Raises Invalid."""
        ...


class FlowConditions:
    """A condition that cannot be read any more is an error, never "no"."""

    def __init__(self, trees: FlowTrees, contacts: ContactReads, chats: ChatReads) -> None:
        self._trees = trees
        self._contacts = contacts
        self._chats = chats

    def holds(self, a: str, chat: Chat, step: Step, variables: Mapping[str, Any]) -> bool:
        """Raises Invalid."""
        tree = self._trees.flow_tree(a, step.fields["filter"], variables, "/filter")
        saved = saved_values(tree, variables)
        contact = self._contacts.resolved(a, chat.contact_id)
        thread = self._chats.thread(a, chat.thread)
        return Matcher(tree, "values").matches(_record(contact, chat, thread, saved))


def _record(contact: Contact | None, chat: Chat, thread: Thread | None, saved: Mapping[str, Any]) -> dict[str, Any]:
    """What `segment_fields.FlowFields` has, by its names."""
    last = [one for one in (chat.moved_at, thread and thread.last_message_at) if one]
    own = dict(contact.custom_fields) if contact else {}
    record: dict[str, Any] = {
        "chat_id": chat.id,
        "chat_department_id": chat.department_id,
        "chat_channel_id": chat.channel_id,
        "chat_situation": chat.situation,
        "chat_opened_at": moment(chat.opened_at),
        "chat_updated_at": moment(max(last, default=chat.opened_at)),
        "chat_workflow_step_id": chat.workflow_step_id,
        "chat_last_inbound_at": moment(thread.last_inbound_at) if thread else None,
        "custom_fields": {**own, **saved},
    }
    if contact is not None:
        record |= {name: getattr(contact, name) for name in ("id", "name", "mobile", "phone", "email")}
        record |= {"created_at": moment(contact.created_at), "updated_at": moment(contact.updated_at)}
        record |= {"group_ids": list(contact.group_ids), "organization_id": contact.organization_id}
    return {name: value for name, value in record.items() if value is not None}
