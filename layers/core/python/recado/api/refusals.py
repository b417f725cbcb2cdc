"""Every code with which a request can be refused: its status, when it comes, and what the problem then tells beside.

A route names those that are its own (`problems=` in its declaration); those that any route of its kind can answer
follow from the declaration itself. OpenAPI is made from both, and every refusal in every test of the API is held
against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from recado.api.calls import Route


@dataclass(frozen=True)
class Refusal:
    """`when`: a sentence for who reads OpenAPI. `members`: fields of Problem that it has beside the common ones."""

    status: int
    when: str
    members: tuple[str, ...] = ()


_WHERE = ("situation", "agent_id", "department_id", "version", "moved_by")
"""Where a chat is: what a lost race is answered with."""

REFUSALS = {
    # of any route of its kind
    "invalid": Refusal(400, "A field or a query parameter is wrong; `errors` points at each."),
    "invalid_json": Refusal(400, "The body is not JSON in UTF-8, or nested too deep."),
    "unauthenticated": Refusal(401, "There is no valid token."),
    "session_expired": Refusal(401, "The session has ended: log in again."),
    "role_not_allowed": Refusal(403, "The caller's role does not allow this."),
    "scope_missing": Refusal(403, "The API token lacks the scope."),
    "session_required": Refusal(403, "Only a session may do this, not an API token."),
    "forbidden": Refusal(403, "The caller may not do this."),
    "not_found": Refusal(404, "Unknown, foreign or not for the caller to see."),
    "idempotency_in_progress": Refusal(409, "The first request with this Idempotency-Key is still running."),
    "too_large": Refusal(413, "The body is too large."),
    "unsupported_type": Refusal(415, "The body is not application/json."),
    "idempotency_key_reused": Refusal(422, "The Idempotency-Key was used for another request."),
    "internal": Refusal(500, "Not foreseen; it has been logged. What was asked may have been done."),
    "busy": Refusal(503, "Too many changed the same thing at once. Nothing was done; try again after Retry-After."),
    # of chats and messages
    "not_your_chat": Refusal(403, "Another agent serves the chat, or nobody yet: assume it first."),
    "not_your_message": Refusal(403, "Only who wrote the note, or an admin, changes it."),
    "agent_at_cap": Refusal(409, "The agent has as many chats as they may have at once.", ("load", "cap")),
    "agent_offline": Refusal(
        409, "The agent is not connected, and the department's chats do not stay with who is gone.", _WHERE
    ),
    "already_closed": Refusal(
        409, "The chat was closed before: by somebody else, or with something else.", (*_WHERE, "tabulation_id")
    ),
    "already_open": Refusal(409, "Somebody else opened the chat again before.", _WHERE),
    "already_queued": Refusal(409, "The chat waits there already; somebody else put it there.", _WHERE),
    "already_transferred": Refusal(409, "The chat is there already; somebody else brought it.", _WHERE),
    "another_chat_open": Refusal(
        409, "The customer has another open chat on this channel; it is named to who may see it.", ("chat_id", *_WHERE)
    ),
    "cannot_delete": Refusal(409, "Only an internal note can be deleted."),
    "cannot_edit": Refusal(409, "Only an internal note can be changed."),
    "cannot_react": Refusal(409, "The customer does not have the message that the reaction is to."),
    "cannot_start": Refusal(
        409, "The contact cannot be written to on this channel; `reason` says why.", ("reason", "needs", "contact_id")
    ),
    "channel_unusable": Refusal(409, "Nothing can be sent on the channel now.", (*_WHERE, "channel_state")),
    "chat_closed": Refusal(409, "The chat is closed.", (*_WHERE, "closed_at")),
    "chat_moved": Refusal(409, "Somebody else moved the chat meanwhile; it is told where it is now.", _WHERE),
    "chat_open": Refusal(409, "The chat is still open.", _WHERE),
    "chat_taken": Refusal(409, "Another agent has the chat.", _WHERE),
    "department_unavailable": Refusal(409, "The department does not work now.", (*_WHERE, "opens_at")),
    "message_deleted": Refusal(409, "The note was deleted."),
    "no_user": Refusal(409, "The token belongs to no user, who alone can assume a chat."),
    "opted_out": Refusal(409, "The customer wants no more messages on the channel.", (*_WHERE, "opted_out_at")),
    "outside_window": Refusal(
        409,
        "The customer has not written for too long: only a template may be sent.",
        ("window_expires_at", "templates"),
    ),
    "reopen_not_allowed": Refusal(
        409, "The department's chats are not opened again, or no longer.", (*_WHERE, "reopen_until")
    ),
    "template_not_allowed": Refusal(403, "The chat's department may not send this template."),
    "template_not_approved": Refusal(409, "Only an approved template can be sent.", ("template_status",)),
    # of what an account is made of
    "wrong_credentials": Refusal(401, "The e-mail or the password is wrong."),
    "wrong_code": Refusal(400, "The code is not the one that was mailed.", ("tries_left",)),
    "channel_has_open_chats": Refusal(
        409, "Chats of the channel are open: `force` closes them with its removal.", ("open_chats",)
    ),
    "channel_removed": Refusal(409, "The channel is removed, for good."),
    "not_renewable": Refusal(409, "The provider does not renew this token: another has to be given."),
    "renewal_in_progress": Refusal(409, "The token is being renewed at this moment."),
    "renewal_refused": Refusal(409, "The provider did not renew the token."),
    "token_expired": Refusal(409, "The channel's access token has ended.", ("token_expires_at",)),
    "too_early": Refusal(409, "The token is too young to be renewed.", ("renewable_at",)),
    "provider_unreachable": Refusal(502, "The provider did not answer."),
    "code_expired": Refusal(409, "No code holds now: ask for another.", ("tries_left",)),
    "too_many_codes": Refusal(429, "So many codes were asked for: wait, as Retry-After says.", ("retry_after_s",)),
    "mail_not_sent": Refusal(502, "The mail could not be sent."),
    "address_taken": Refusal(409, "Another channel of the account has this address."),
    "contact_exists": Refusal(409, "There is such a contact already.", ("contact_ids",)),
    "contact_has_open_chat": Refusal(409, "The contact has an open chat: close it first."),
    "default_required": Refusal(409, "An account keeps a default department: make another one the default."),
    "department_in_use": Refusal(409, "Something still belongs to the department.", ("used_by",)),
    "email_taken": Refusal(409, "The e-mail is registered already."),
    "file_not_accepted": Refusal(
        409, "The file did not arrive yet, or was rejected; `file_state` says which.", ("file_state", "reason")
    ),
    "file_too_large": Refusal(413, "The file is larger than its feature or its channel takes, in bytes.", ("limit",)),
    "file_type_not_taken": Refusal(415, "Files of this type or with such a name are not taken for it."),
    "last_admin": Refusal(409, "An account keeps at least one admin."),
    "restricted_supervisor": Refusal(409, "A restricted user follows nobody."),
    "same_user": Refusal(409, "Nobody follows themselves."),
    "seat_limit_reached": Refusal(
        409, "All seats of the plan are taken; a session that was silent loses its own to others.", ("seats",)
    ),
    "import_changed": Refusal(409, "Somebody else changed the import at this moment."),
    "import_not_over": Refusal(409, "The import is still running."),
    "nothing_to_undo": Refusal(409, "The import wrote no contacts."),
    "too_late_to_undo": Refusal(409, "What the import did is not remembered any more."),
    "too_many_imports": Refusal(409, "As many imports are running as may.", ("limit",)),
    "contact_has_links": Refusal(409, "The other contact is linked to a third one."),
    "contact_merged": Refusal(409, "The contact was merged into another one since, or deleted."),
    "too_large_to_merge": Refusal(409, "Together they have more than one contact may."),
    "contact_has_linked": Refusal(409, "Others are linked to the contact: it is a principal itself.", ("contact_ids",)),
    "principal_is_linked": Refusal(409, "That contact is linked to another one itself.", ("contact_id",)),
    "same_contact": Refusal(409, "It is the same contact."),
    "too_many_linked": Refusal(409, "As many contacts are linked to it as there may be.", ("limit",)),
    "name_taken": Refusal(409, "There is one of this name, whatever its case and accents."),
    "slug_taken": Refusal(409, "The slug is taken."),
    "field_changed": Refusal(409, "Somebody else changed the field at this moment: read it again."),
    "too_many_fields": Refusal(409, "The table has as many fields as there may be.", ("limit",)),
    "too_many_exports": Refusal(409, "As many exports are being made as may be at once.", ("limit",)),
    "tabulation_has_children": Refusal(409, "Other tabulations lie below it.", ("children",)),
    "template_exists": Refusal(409, "The channel has a template of this name and language.", ("template_id",)),
    "template_not_editable": Refusal(409, "The template cannot be changed now.", ("template_status",)),
    "provider_refused": Refusal(
        409, "The channel's provider refused, with a code and words of its own.", ("provider_code", "provider_title")
    ),
    "provider_unclear": Refusal(409, "The channel's provider did not say what became of it: try again."),
    "too_many_departments": Refusal(409, "The user is in as many departments as there may be.", ("limit",)),
    "too_many_buttons": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "too_many_supervised": Refusal(409, "The user follows as many as there may be.", ("limit",)),
    "too_many_tabulations": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "flow_changed": Refusal(409, "Somebody else changed the flow since it was read. Read it again."),
    "flow_in_use": Refusal(
        409,
        "The flow leads chats of channels, is named, or is at work: what needs it is listed.",
        ("channel_ids", "flow_ids", "task_ids", "trigger_ids", "executions"),
    ),
    "in_use": Refusal(409, "It is named by what is listed: change that first.", ("flow_ids", "task_ids")),
    "project_in_use": Refusal(409, "There are flows in the project."),
    "too_many_projects": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "too_many_flows": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "too_many_flow_secrets": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "too_many_triggers": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "too_many_shortcuts": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "too_many_tasks": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "task_running": Refusal(409, "A run of the task is not over: wait for its end, or cancel it.", ("run_id",)),
    "action_not_ready": Refusal(
        409, "Something that the task's action or filter names is not there, or cannot be sent: `errors` point at it."
    ),
    "too_many_runs": Refusal(
        409, "As many runs of the task or the account are not over as may be at once.", ("limit",)
    ),
    "run_is_over": Refusal(409, "The run is over.", ("run_state",)),
    "run_not_over": Refusal(409, "The run is not over yet."),
    "run_cancelled": Refusal(409, "The run was cancelled: run the task again."),
    "nothing_to_retry": Refusal(409, "No target of the run failed."),
    "too_many_workflows": Refusal(409, "The account has as many as there may be.", ("limit",)),
    "user_has_chats": Refusal(409, "The user has chats in service: transfer or close them first."),
    "button_changed": Refusal(409, "Somebody else changed the button at this moment: read it again."),
    "workflow_changed": Refusal(409, "Somebody else changed the workflow at this moment: read it again."),
    "too_many_logins": Refusal(429, "Too many failed log-ins: wait, as Retry-After says.", ("retry_after_s",)),
}


def codes_of(route: Route) -> list[str]:
    """Every code with which the route can refuse, those of its kind first."""
    codes = ["invalid", "internal", "busy"]
    if route.method != "GET":
        codes += ["invalid_json", "too_large", "unsupported_type"]
    if not route.rule.public:
        codes += ["unauthenticated", "session_expired", "seat_limit_reached", "role_not_allowed"]
        codes += ["session_required" if route.rule.scope is None else "scope_missing"]
        if route.method == "POST":
            codes += ["idempotency_in_progress", "idempotency_key_reused"]
    if route.kinds:
        codes.append("not_found")
    return [*codes, *(code for code in route.problems if code not in codes)]


class FieldProblem(msgspec.Struct):
    """One wrong field: a JSON pointer into the body, or `?name` for a query parameter."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, kw_only=True):
    """RFC 9457. `code` is stable. The other fields come with the codes that name them."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]
    situation: Annotated[str | UnsetType, Meta(description="The chat's situation now.")] = UNSET
    agent_id: Annotated[str | UnsetType | None, Meta(description="Who has the chat now.")] = UNSET
    department_id: Annotated[str | UnsetType, Meta(description="The chat's department now.")] = UNSET
    version: Annotated[int | UnsetType, Meta(description="The chat's version now.")] = UNSET
    moved_by: Annotated[
        str | UnsetType | None, Meta(description="Who moved the chat last; null: the product itself, or the customer.")
    ] = UNSET
    closed_at: Annotated[str | UnsetType | None, Meta(description="When the chat was closed.")] = UNSET
    chat_id: Annotated[str | UnsetType, Meta(description="The other chat.")] = UNSET
    opens_at: Annotated[
        str | UnsetType | None, Meta(description="When the department works again; null: it has no hours to come.")
    ] = UNSET
    reopen_until: Annotated[
        str | UnsetType | None, Meta(description="Until when the chat could be opened again; null: never.")
    ] = UNSET
    load: Annotated[int | UnsetType, Meta(description="How many chats the agent has.")] = UNSET
    cap: Annotated[int | UnsetType | None, Meta(description="How many chats the agent may have at once.")] = UNSET
    tabulation_id: Annotated[str | UnsetType | None, Meta(description="What the chat is filed under now.")] = UNSET
    limit: Annotated[int | UnsetType, Meta(description="How many there may be; of a file, bytes.")] = UNSET
    reason: Annotated[
        str | UnsetType, Meta(description="no_address, customer_writes_first or address_of_another_contact.")
    ] = UNSET
    needs: Annotated[
        list[str] | UnsetType, Meta(description="By which of these the channel reaches people, with no_address.")
    ] = UNSET
    contact_id: Annotated[str | UnsetType, Meta(description="Whose the address is.")] = UNSET
    contact_ids: Annotated[list[str] | UnsetType, Meta(description="The contacts that there are already.")] = UNSET
    channel_ids: Annotated[list[str] | UnsetType, Meta(description="The channels whose chats the flow leads.")] = UNSET
    flow_ids: Annotated[list[str] | UnsetType, Meta(description="Published flows that name it.")] = UNSET
    task_ids: Annotated[list[str] | UnsetType, Meta(description="Tasks that name it.")] = UNSET
    trigger_ids: Annotated[list[str] | UnsetType, Meta(description="Triggers that start it.")] = UNSET
    executions: Annotated[int | UnsetType, Meta(description="How many executions of the flow are not over.")] = UNSET
    channel_state: Annotated[str | UnsetType, Meta(description="The channel's state.")] = UNSET
    file_state: Annotated[str | UnsetType, Meta(description="The file's state: pending or rejected.")] = UNSET
    opted_out_at: Annotated[
        str | UnsetType, Meta(description="Since when the customer wants no more messages on the channel.")
    ] = UNSET
    window_expires_at: Annotated[
        str | UnsetType | None, Meta(description="When the window for free messages ended; null: there was none.")
    ] = UNSET
    templates: Annotated[list[Any] | UnsetType, Meta(description="Templates that may be sent instead.")] = UNSET
    template_id: Annotated[str | UnsetType | None, Meta(description="The template that there is.")] = UNSET
    template_status: Annotated[str | UnsetType, Meta(description="What the template counts as now.")] = UNSET
    provider_code: Annotated[str | UnsetType, Meta(description="The provider's code.")] = UNSET
    provider_title: Annotated[str | UnsetType, Meta(description="The provider's words.")] = UNSET
    open_chats: Annotated[
        dict[str, Any] | UnsetType, Meta(description="How many chats are open, and the ids of the first 50.")
    ] = UNSET
    renewable_at: Annotated[str | UnsetType | None, Meta(description="From when on it can be renewed.")] = UNSET
    token_expires_at: Annotated[str | UnsetType, Meta(description="When the access token ended.")] = UNSET
    tries_left: Annotated[int | UnsetType, Meta(description="How many more codes are looked at.")] = UNSET
    children: Annotated[int | UnsetType, Meta(description="How many lie below.")] = UNSET
    seats: Annotated[int | UnsetType, Meta(description="How many seats there are.")] = UNSET
    run_id: Annotated[str | UnsetType, Meta(description="A run of the task that is not over.")] = UNSET
    run_state: Annotated[str | UnsetType, Meta(description="The run's state now.")] = UNSET
    used_by: Annotated[str | UnsetType, Meta(description="What still belongs to it, in words.")] = UNSET
    retry_after_s: Annotated[int | UnsetType, Meta(description="After how many seconds to try again.")] = UNSET
