"""Make the demo account with the product's own services. Prints what demo.json says of it, as JSON.

    python -m infra.local.demo_account --base-url http://127.0.0.1:8080 --providers-url http://127.0.0.1:8090

Runs with the environment of the functions, so that it reaches their tables; started by infra/local/seed.py.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
from typing import Any

from infra.local.examples import add_flows, add_tasks
from infra.local.origins import site_origins
from infra.local.providers.example_templates import EXAMPLES, example_id
from recado.bootstrap import Container, container
from recado.channels.registry import adapter_class
from recado.domain.access import Caller
from recado.domain.errors import Conflict
from recado.domain.scopes import SCOPES
from recado.domain.templates import Found, imported
from recado.services.accounts import NewAccount, SignedUp
from recado.storage.templates import DynamoTemplates

AGENTS = ("Ana", "Bruno", "Carla")
SEATS = 5
MAX_ACCOUNTS = 100


def sign_up(product: Container) -> tuple[SignedUp, str, str]:
    """The account, the admin's password and the domain of all e-mails.

    An e-mail belongs to one account for ever: after a start that broke off half way, the next free domain is taken.
    """
    for number in range(1, MAX_ACCOUNTS):
        domain = "demo.example" if number == 1 else f"demo{number}.example"
        wanted = NewAccount(
            company="Recado Demo",
            name="Diana",
            email=f"diana@{domain}",
            password="diana-recado-demo",
            plan="team",
            seats=SEATS,
            trial=False,
            department="Atendimento",
        )
        try:
            return product.account_service.create(wanted), wanted.password, domain
        except Conflict:
            continue
    raise RuntimeError(f"{MAX_ACCOUNTS} demo accounts exist: start anew with ARGS=--fresh")


def add_agents(product: Container, signed: SignedUp, a: str, domain: str) -> list[dict[str, str]]:
    """Ana, Bruno and Carla, in these positions of the one department."""
    agents = []
    for position, name in enumerate(AGENTS, start=1):
        email, password = f"{name.lower()}@{domain}", f"{name.lower()}-recado-demo"
        user = product.user_service.create(a, name, email, "agent", None, password).user
        product.department_service.put_member(a, signed.department.id, user.id, {"position": position})
        agents.append({"id": user.id, "name": name, "email": email, "password": password})
    return agents


def account_of_meta() -> tuple[str, dict[str, str]]:
    """A fresh id of an account at Meta, and the secrets of its app."""
    account_id = "1" + "".join(secrets.choice("0123456789") for _ in range(14))
    return account_id, {"app_secret": secrets.token_hex(16), "verify_token": secrets.token_hex(12)}


def account_of_twilio() -> dict[str, str]:
    """A fresh account at Twilio: its SID and token."""
    return {"account_sid": "AC" + secrets.token_hex(16), "auth_token": secrets.token_hex(16)}


def number_of_ours() -> str:
    """A fresh number of São Paulo, a landline."""
    return f"+55114{secrets.randbelow(10**7):07d}"


def connect_channels(
    product: Container, a: str, department_id: str, base_url: str, providers_url: str
) -> dict[str, dict[str, str]]:
    """One channel of each finished type, with fresh secrets; the simulator takes any."""
    phone_number_id, whatsapp = account_of_meta()
    waba_id, _ = account_of_meta()
    page_id, messenger = account_of_meta()
    instagram_id, instagram = account_of_meta()
    access = {"access_token": "EAA" + secrets.token_hex(40)}
    telegram = {"secret_token": secrets.token_urlsafe(24)}
    bot_token = f"5200000001:{secrets.token_urlsafe(26)}"
    sms, sms_number = account_of_twilio(), number_of_ours()
    telephone, number = {"auth_token": secrets.token_hex(16)}, number_of_ours()
    address = f"atendimento.{secrets.token_hex(3)}@{product.settings.mail_domain}"
    custom = {"secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()}
    wanted: dict[str, tuple[str, dict[str, str], dict[str, str], dict[str, str]]] = {
        "whatsapp": (
            "WhatsApp",
            {
                "phone_number_id": phone_number_id,
                "waba_id": waba_id,
                "display_phone_number": number_of_ours(),
            },
            {**whatsapp, **access},
            {**whatsapp, "phone_number_id": phone_number_id, "waba_id": waba_id},
        ),
        "messenger": (
            "Messenger",
            {"page_id": page_id},
            {**messenger, **access},
            {**messenger, "page_id": page_id},
        ),
        "instagram": (
            "Instagram",
            {"page_id": instagram_id},
            {**instagram, **access},
            {**instagram, "page_id": instagram_id},
        ),
        "telegram": ("Telegram", {}, {**telegram, "bot_token": bot_token}, telegram),
        "sms": ("SMS", {"number": sms_number}, sms, {"auth_token": sms["auth_token"], "number": sms_number}),
        "telephone": ("Telephone", {"number": number}, telephone, {**telephone, "number": number}),
        "email": ("E-mail", {"address": address}, {}, {"address": address}),
        "custom": ("Custom system", {"callback_url": f"{providers_url}/custom"}, custom, custom),
    }
    origins = {"allowed_origins": site_origins(base_url)}
    site = product.channel_service.create(a, "online_chat", "Site", department_id, origins, {})
    channels = {"online_chat": {"id": site.id, "site_key": site.settings["site_key"]}}
    for channel_type, (name, settings, given, told) in wanted.items():
        channel = product.channel_service.create(a, channel_type, name, department_id, settings, given)
        path = product.channel_service.webhook_path(channel)
        hook = {"webhook_url": base_url + path} if adapter_class(channel_type).webhooks else {}
        channels[channel_type] = {"id": channel.id, **hook, **told}
    return channels


def with_templates(product: Container, a: str, channels: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The channels, after the templates that the simulated provider begins with are known of WhatsApp's."""
    channel, now = channels["whatsapp"], product.clock.now()
    for one in EXAMPLES:
        provider_id = example_id(channel["waba_id"], one["name"])
        found = Found(
            provider_id, one["name"], one["language"], one["category"], "APPROVED", "APPROVED",
            tuple(one["components"]), "GREEN",
        )  # fmt: skip
        template = imported(product.ids.new("tm", a), channel["id"], found, now, now)
        DynamoTemplates().create(a, template)
    return channels


def make(base_url: str, providers_url: str) -> dict[str, Any]:
    """The demo account as demo.json tells it, but for the addresses of the stack itself."""
    product = container()
    signed, password, domain = sign_up(product)
    a = signed.account.id.removeprefix("ac_")
    admin = Caller(account=a, role="admin", user_id=signed.admin.id)
    channels = with_templates(product, a, connect_channels(product, a, signed.department.id, base_url, providers_url))
    add_flows(product, admin)
    add_tasks(product, admin, channels["whatsapp"]["id"])
    _, api_token = product.api_token_service.create(admin, "demo", SCOPES)
    return {
        "account_id": signed.account.id,
        "admin": {"id": signed.admin.id, "email": signed.admin.email, "password": password},
        "agents": add_agents(product, signed, a, domain),
        "api_token": api_token,
        "department_id": signed.department.id,
        "channels": channels,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo_account")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--providers-url", required=True)
    arguments = parser.parse_args()
    json.dump(make(arguments.base_url, arguments.providers_url), sys.stdout)


if __name__ == "__main__":
    main()
