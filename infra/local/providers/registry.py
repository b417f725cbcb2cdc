"""All simulated providers."""

from __future__ import annotations

from collections.abc import Callable

from infra.local.providers.base import Provider
from infra.local.providers.custom import CustomSystem
from infra.local.providers.system_mail import SystemMail
from infra.local.providers.webhook import WebhookReceiver
from infra.local.providers.whatsapp import GraphForWhatsApp

PROVIDERS: tuple[Callable[[], Provider], ...] = (GraphForWhatsApp, CustomSystem, WebhookReceiver, SystemMail)
