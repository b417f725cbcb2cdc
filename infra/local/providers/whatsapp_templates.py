"""The message templates of simulated WhatsApp Business accounts: submitted, listed, edited, deleted, reviewed.

Shapes: developers.facebook.com/documentation/business-messaging/whatsapp (templates, webhooks reference).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.local.providers.base import Answer, Call, StatusRefused, StatusRequest
from infra.local.providers.example_templates import EXAMPLES, example_id
from infra.local.providers.whatsapp_examples import ROUTES as UPLOAD_ROUTES
from infra.local.providers.whatsapp_examples import ExampleUploads

ROUTES = (
    ("POST", r"/graph/v{version:[\d.]+}/{waba_id}/message_templates"),
    ("GET", r"/graph/v{version:[\d.]+}/{waba_id}/message_templates"),
    ("DELETE", r"/graph/v{version:[\d.]+}/{waba_id}/message_templates"),
    ("POST", r"/graph/v{version:[\d.]+}/{template_id:\d+}"),
    *UPLOAD_ROUTES,
)
EVENTS = (
    "APPROVED", "REJECTED", "PENDING", "PAUSED", "DISABLED", "FLAGGED", "REINSTATED", "IN_APPEAL", "PENDING_DELETION",
    "DELETED", "LOCKED", "UNLOCKED", "ARCHIVED", "UNARCHIVED", "LIMIT_EXCEEDED",
)  # fmt: skip
_COUNTS_AS = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}
_STAYS = ("FLAGGED", "LOCKED", "UNLOCKED")
QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")
CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")


class TemplateShelf:
    """Templates by account. Nothing is written before an answer is a success: `answer` plans, `remember` does. The
    product keeps its own over a restart, so these outlive one too, once there is a file for them."""

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, dict[str, Any]]] = {}
        self._file: Path | None = None
        self._uploads = ExampleUploads()

    def keep_in(self, file: Path) -> None:
        """Go on with what the file holds, if it is there, and write every change to it."""
        self._file = file
        if file.is_file():
            self._accounts = json.loads(file.read_text())

    def _keep(self) -> None:
        """Whole or not at all."""
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._file.with_suffix(".part")
            unfinished.write_text(json.dumps(self._accounts))
            unfinished.replace(self._file)

    def category_of(self, sent: object) -> str:
        """By which category a sent template is priced: its own; as utility where no account has it."""
        sent = sent if isinstance(sent, Mapping) else {}
        language = sent.get("language")
        wanted = (sent.get("name"), language.get("code") if isinstance(language, Mapping) else None)
        known = [one for shelf in self._accounts.values() for one in shelf.values()]
        found = (one for one in [*reversed(known), *EXAMPLES] if (one["name"], one["language"]) == wanted)
        return str(next((one["category"] for one in found), "utility")).lower()

    def takes(self, call: Call) -> bool:
        return "waba_id" in call.values or "template_id" in call.values or self._uploads.takes(call)

    def answer(self, call: Call) -> Answer | str:
        """What Graph answers; a text is why it refuses, with code 100."""
        if self._uploads.takes(call):
            return self._uploads.answer(call)
        if "template_id" in call.values:
            return self._edit(call)
        shelf = self._shelf(call.values["waba_id"])
        if call.method == "GET":
            return _page(shelf, call)
        if call.method == "DELETE":
            return Answer.of_json(200, {"success": True}) if _chosen(shelf, call) else "The template does not exist."
        body = call.object()
        components = body.get("components")
        given = [one for one in components if isinstance(one, dict)] if isinstance(components, list) else []
        kinds = [one.get("type") for one in given]
        if not all(isinstance(body.get(name), str) for name in ("name", "language", "category")) or "BODY" not in kinds:
            return "The parameters name, language, category and components with a BODY are required."
        if any((one["name"], one["language"]) == (body["name"], body["language"]) for one in shelf.values()):
            return "There is already content in this language for this template."
        if refused := self._without_example(given):
            return refused
        made = {"id": "9" + str(secrets.randbelow(10**14)).zfill(14), "status": "PENDING", "category": body["category"]}
        return Answer.of_json(200, made)

    def _edit(self, call: Call) -> Answer | str:
        known = self._find(call.values["template_id"])
        if known is None:
            return "Unsupported post request."
        if known["status"] not in ("APPROVED", "REJECTED", "PAUSED"):
            return "Message templates can only be edited when they are approved, rejected or paused."
        if refused := self._without_example(call.object().get("components") or []):
            return refused
        return Answer.of_json(200, {"success": True})

    def _without_example(self, components: Sequence[Mapping[str, Any]]) -> str | None:
        return next((why for one in components if (why := self._uploads.refuses(one))), None)

    def remember(self, call: Call, answer: Answer) -> str | None:
        """Do what was answered; the template's id."""
        if self._uploads.takes(call):
            return self._uploads.remember(call, answer)
        if "template_id" in call.values:
            known = self._find(call.values["template_id"])
            if known is not None:
                known.update({**_listed(call.object()), "status": "PENDING"})
                self._keep()
            return call.values["template_id"]
        shelf = self._shelf(call.values["waba_id"])
        if call.method == "DELETE":
            for template_id in _chosen(shelf, call):
                del shelf[template_id]
            self._keep()
        given = answer.object().get("id")
        if call.method == "POST" and isinstance(given, str):
            shelf[given] = {
                **_listed(call.object()),
                "id": given,
                "status": "PENDING",
                "quality_score": {"score": "UNKNOWN"},
            }
            self._keep()
            return given
        return None

    def webhook(self, wish: StatusRequest, now: datetime) -> tuple[str, dict[str, Any]] | None:
        """The account and the body that tells of an event, a quality or a category; None: it is of no template."""
        waba_id, known = next(
            ((waba, shelf[wish.provider_id]) for waba, shelf in self._accounts.items() if wish.provider_id in shelf),
            (None, None),
        )
        if known is None or waba_id is None:
            return None
        value: dict[str, Any] = {
            "message_template_id": int(known["id"]),
            "message_template_name": known["name"],
            "message_template_language": known["language"],
        }
        if wish.status in EVENTS:
            field = "message_template_status_update"
            value |= {"event": wish.status, "reason": _reason(wish), "message_template_category": known["category"]}
            value |= {key: wish.details[key] for key in ("rejection_info", "other_info") if key in wish.details}
            if wish.status not in _STAYS:
                known["status"] = _COUNTS_AS.get(wish.status, wish.status)
        elif wish.status in QUALITIES:
            field, before = "message_template_quality_update", known["quality_score"]["score"]
            value |= {"previous_quality_score": before, "new_quality_score": wish.status}
            known["quality_score"] = {"score": wish.status}
        elif wish.status in CATEGORIES:
            field = "template_category_update"
            value |= {"previous_category": known["category"], "new_category": wish.status}
            known["category"] = wish.status
        else:
            raise StatusRefused(f"of a template, status must be one of {', '.join((*EVENTS, *QUALITIES, *CATEGORIES))}")
        self._keep()
        time = int(wish.details.get("timestamp") or now.timestamp())
        entry = {"id": waba_id, "time": time, "changes": [{"value": value, "field": field}]}
        return waba_id, {"object": "whatsapp_business_account", "entry": [entry]}

    def _shelf(self, waba_id: str) -> dict[str, dict[str, Any]]:
        if waba_id not in self._accounts:
            self._accounts[waba_id] = {}
            for one in EXAMPLES:
                given = example_id(waba_id, one["name"])
                quality = {"score": "GREEN"}
                self._accounts[waba_id][given] = {**one, "id": given, "status": "APPROVED", "quality_score": quality}
        return self._accounts[waba_id]

    def _find(self, template_id: str) -> dict[str, Any] | None:
        return next((shelf[template_id] for shelf in self._accounts.values() if template_id in shelf), None)


def _listed(body: Mapping[str, Any]) -> dict[str, Any]:
    """A submitted template as it is listed: the example of a file has an address, not its handle."""
    address = {"header_handle": [f"https://scontent.whatsapp.net/v/t61.29466-34/{secrets.randbelow(10**15)}"]}
    shown = [
        {**one, "example": address} if "header_handle" in (one.get("example") or {}) else one
        for one in body.get("components", [])
    ]
    return {**body, **({"components": shown} if shown else {})}


def _reason(wish: StatusRequest) -> str | None:
    default = "INCORRECT_CATEGORY" if wish.status == "REJECTED" else "NONE"
    reason = wish.details.get("reason", default)
    return reason if isinstance(reason, str) else None


def _query(call: Call) -> Mapping[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(call.path).query).items()}


def _chosen(shelf: Mapping[str, dict[str, Any]], call: Call) -> list[str]:
    """Which templates a DELETE is about: by id and name, else all of the name."""
    wanted = _query(call)
    return [
        one["id"]
        for one in shelf.values()
        if one["name"] == wanted.get("name") and wanted.get("hsm_id") in (None, one["id"])
    ]


def _page(shelf: Mapping[str, dict[str, Any]], call: Call) -> Answer:
    wanted = _query(call)
    found = [one for one in shelf.values() if wanted.get("name", "") in one["name"]]
    start, size = int(wanted.get("after") or 0), int(wanted.get("limit") or 25)
    page: dict[str, Any] = {"data": found[start : start + size]}
    if start + size < len(found):
        after = str(start + size)
        page["paging"] = {"cursors": {"after": after}, "next": f"{call.path}&after={after}"}
    return Answer.of_json(200, page)
