"""Templates of a WhatsApp Business account: Graph's requests, its answers and its limits.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates (overview, components, template
management; authentication templates) and …/webhooks/reference/message_template_status_update,
…/message_template_quality_update, …/template_category_update. Of examples see ``template_examples``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from recado.channels.base import HttpRequest, Secrets
from recado.channels.meta import GRAPH_VERSION, error_code
from recado.channels.template_calls import TemplateCalls
from recado.channels.untrusted import bounded_tree, identifier, label, mapping, objects
from recado.channels.whatsapp import template_examples
from recado.channels.whatsapp.template_answers import answered, error_of
from recado.channels.whatsapp.template_languages import LANGUAGES
from recado.channels.whatsapp.template_updates import STATUSES
from recado.domain.messages import Media
from recado.domain.template_rules import TemplateLimits, naming
from recado.domain.templates import Answered, Found, Listed, MessageTemplate, Refused, Taken, Unclear
from recado.ports.core import HttpResponse

TIMEOUT_S, LIST_TIMEOUT_S = 12.0, 8.0
PAGE = 50
_FIELDS = "id,name,language,status,category,components,quality_score,rejected_reason"
_GONE = frozenset({2593002, 2388094})
"""Error subcodes: there is no such template."""

LIMITS = TemplateLimits(
    languages=LANGUAGES,
    header=60,
    body=1024,
    footer=60,
    buttons=10,
    button_text=25,
    url=2000,
    phone=20,
    code=15,
    of_button={"QUICK_REPLY": 10, "URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1},
    media_formats=template_examples.LIMITS,
    code_minutes=90,
)


class WhatsAppTemplates(TemplateCalls):
    """Of the account that `waba_id` of a channel's settings names."""

    limits = LIMITS

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def account(self, settings: Mapping[str, Any]) -> str | None:
        """The id of the WhatsApp Business account."""
        value = settings.get("waba_id")
        return value if isinstance(value, str) and value else None

    def start_upload(self, file: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | Refused:
        """See ``template_examples``."""
        return template_examples.start(self._base_url, file, settings, secrets)

    def send_upload(self, place: str, file: Media, secrets: Secrets) -> HttpRequest:
        """See ``template_examples``."""
        return template_examples.send(self._base_url, place, file, secrets)

    def submit(
        self, template: MessageTemplate, settings: Mapping[str, Any], secrets: Secrets, handles: Mapping[str, str]
    ) -> HttpRequest:
        """POST to the account's templates, or to the template itself when it is there already."""
        draft = template.draft or {"category": template.category, "components": template.components}
        components = template_examples.with_handles(draft["components"], handles)
        body: dict[str, Any] = {"category": draft["category"], "components": components}
        if template.provider_id:
            return self._request("POST", template.provider_id, secrets, body)
        body |= {"name": template.name, "language": template.language, "parameter_format": naming(body["components"])}
        return self._request("POST", f"{settings['waba_id']}/message_templates", secrets, body)

    def delete(self, template: MessageTemplate, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """DELETE by name and id: by the name alone its other languages would go too. Raises ValueError without an
        id."""
        if template.provider_id is None:
            raise ValueError("a template that the provider is not known to have")
        wanted = {"name": template.name, "hsm_id": template.provider_id}
        return self._request("DELETE", f"{settings['waba_id']}/message_templates?{urlencode(wanted)}", secrets)

    def list(self, settings: Mapping[str, Any], secrets: Secrets, name: str | None, after: str | None) -> HttpRequest:
        """GET a page of 50; `name` finds every template whose name holds it."""
        wanted = {"fields": _FIELDS, "limit": str(PAGE)}
        wanted |= {key: value for key, value in (("name", name), ("after", after)) if value}
        return self._request("GET", f"{settings['waba_id']}/message_templates?{urlencode(wanted)}", secrets)

    def _request(self, method: str, path: str, secrets: Secrets, body: Mapping[str, Any] | None = None) -> HttpRequest:
        headers = {"authorization": f"Bearer {secrets['access_token'][0]}", "content-type": "application/json"}
        raw = json.dumps(body).encode("ascii") if body is not None else b""
        return HttpRequest(
            method, f"{self._base_url}/{GRAPH_VERSION}/{path}", headers, raw,
            LIST_TIMEOUT_S if method == "GET" else TIMEOUT_S,
        )  # fmt: skip

    def read_upload_started(self, response: HttpResponse) -> str | Refused | Unclear:
        """See ``template_examples``."""
        return template_examples.read_started(response)

    def read_uploaded(self, response: HttpResponse) -> str | Refused | Unclear:
        """See ``template_examples``."""
        return template_examples.read_sent(response)

    def read_submitted(self, response: HttpResponse) -> Answered:
        """`{id, status, category}` of a new one, `{success: true}` of an edit."""
        body, error = answered(response)
        if error is not None:
            return error
        provider_id = identifier(body.get("id"))
        if provider_id is None and body.get("success") is not True:
            return Unclear("unreadable_answer")
        status = label(body.get("status"))
        return Taken(provider_id, STATUSES.get(status) if status else None, label(body.get("category")))

    def read_deleted(self, response: HttpResponse) -> Answered:
        """`{success: true}`; that there is none is as good."""
        body, error = answered(response)
        if isinstance(error, Refused) and error_code(error_of(response).get("error_subcode")) in _GONE:
            return Taken()
        return error or (Taken() if body.get("success") is True else Unclear("unreadable_answer"))

    def read_listed(self, response: HttpResponse) -> Listed | Refused | Unclear:
        """`{data: [{id, name, language, status, category, components, …}], paging: {cursors: {after}, next}}`."""
        body, error = answered(response)
        if error is not None:
            return error
        if not isinstance(body.get("data"), list):
            return Unclear("unreadable_answer")
        found = [one for one in map(_found, objects(body["data"])) if one is not None]
        paging = mapping(body.get("paging"))
        after = identifier(mapping(paging.get("cursors")).get("after")) if paging.get("next") else None
        return Listed(found, after)


def _found(item: dict[str, Any]) -> Found | None:
    provider_id, name, language = (identifier(item.get(key)) for key in ("id", "name", "language"))
    if provider_id is None or name is None or language is None:
        return None
    components, cut = bounded_tree(objects(item.get("components")))
    word = label(item.get("status")) or "UNKNOWN"
    reason = label(item.get("rejected_reason"))
    return Found(
        provider_id,
        name,
        language,
        label(item.get("category")) or "UTILITY",
        "TOO_LARGE" if cut else STATUSES.get(word) or word,
        word,
        tuple(components),
        label(mapping(item.get("quality_score")).get("score")) or "UNKNOWN",
        None if reason in (None, "NONE") else reason,
    )
