"""A customer's system that receives the product's outgoing webhooks (Standard Webhooks) and says 200."""

from __future__ import annotations

from datetime import datetime

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook


class WebhookReceiver:
    channel = "webhook"
    routes = (("POST", "/webhook"), ("POST", "/webhook/{rest:.*}"))

    def answer(self, call: Call) -> Answer:
        return Answer.of_json(200, {})

    def remember(self, call: Call, answer: Answer) -> str | None:
        return call.headers.get("webhook-id")

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        raise StatusRefused("outgoing webhooks have no statuses")
