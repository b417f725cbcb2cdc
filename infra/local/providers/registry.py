"""All simulated providers."""

from __future__ import annotations

from collections.abc import Callable

from infra.local.providers.base import Provider
from infra.local.providers.custom import CustomSystem
from infra.local.providers.instagram import GraphForInstagram
from infra.local.providers.messenger import GraphForMessenger
from infra.local.providers.meta_profiles import GraphProfiles
from infra.local.providers.meta_tokens import GraphTokens
from infra.local.providers.ses import Ses
from infra.local.providers.sms import TwilioMessaging
from infra.local.providers.system_mail import SystemMail
from infra.local.providers.telegram import BotApi
from infra.local.providers.telephone import TwilioVoice
from infra.local.providers.webhook import WebhookReceiver
from infra.local.providers.whatsapp import GraphForWhatsApp

SCRIPTABLE = frozenset(
    {"whatsapp", "messenger", "instagram", "telegram", "sms", "telephone", "email", "online_chat", "custom", "webhook",
     "system_mail", "stripe", "meta_tokens", "meta_profiles"}
)  # fmt: skip
"""Every name of a channel in the public contract: a script may wait for one whose calls nobody takes."""

PROVIDERS: tuple[Callable[[], Provider], ...] = (
    GraphForWhatsApp,
    GraphForMessenger,
    GraphForInstagram,
    CustomSystem,
    WebhookReceiver,
    BotApi,
    TwilioMessaging,
    Ses,
    TwilioVoice,
    SystemMail,
    GraphTokens,
    GraphProfiles,
)
