"""What Meta charges for WhatsApp, by the day from which it holds. A newer rule set or rate is one more entry.

Days begin at midnight in the time zone of the WhatsApp Business account (the channel's setting `time_zone`, UTC without
one). Only prices that could be read somewhere are written down; any other is unknown, and shown as that.

Sources: developers.facebook.com/docs/whatsapp/pricing/conversation-based-pricing (conversations, free entry points,
calling codes); …/pricing/updates-to-pricing (service conversations are free from 2024-11-01);
docs.ycloud.com/reference/whatsapp-message-pricing-updates (per message from 2025-07-01, by the account's zone);
chakrahq.com/article/whatsapp-api-pricing-update-service-messages-october-2026 and help.hello-charles.com (service
messages, and utility in the window, cost from 2026-10-01; free entry points stay); docs.weni.ai and
glama.ai/mcp/connectors/tools.wha (1,000 service conversations, later messages, a month are free). Meta's free
conversations were for an account's numbers together; here they are counted for each number.

Authentication at international rates depends on what Meta decided of the business, so that it is known from the status
alone. Discounts by volume are not reckoned.
"""

from __future__ import annotations

from datetime import date

from recado.domain.billing import Billing, Rates, RuleSet

_RULES = (
    RuleSet(date(2023, 6, 1), "conversation", free_per_month={"service": 1_000}),
    RuleSet(date(2024, 11, 1), "conversation", free=frozenset({"service"})),
    RuleSet(date(2025, 7, 1), "message", free=frozenset({"service"}), free_in_window=frozenset({"utility"})),
    RuleSet(date(2026, 10, 1), "message", free_per_month={"service": 1_000}),
)

_MARKETS = {
    "54": "argentina", "55": "brazil", "56": "chile", "57": "colombia", "20": "egypt", "33": "france", "49": "germany",
    "91": "india", "62": "indonesia", "972": "israel", "39": "italy", "60": "malaysia", "52": "mexico",
    "31": "netherlands", "1": "north_america", "234": "nigeria", "92": "pakistan", "51": "peru", "7": "russia",
    "966": "saudi_arabia", "27": "south_africa", "34": "spain", "90": "turkey", "971": "united_arab_emirates",
    "44": "united_kingdom",
}  # fmt: skip
"""What shares a calling code with one of these, such as the Caribbean with +1, is not told apart."""

# Brazil: talkall.com.br/en/novidades/tarifas-whatsapp-2026 (2026-01-01), unchanged by the updates of October 2025 and
# January 2026 that support.wati.io lists, and by the card of 2026-10-01 (huggingface.co/datasets/tobachat/
# whatsapp-api-rates), where service messages cost what utility does. Argentina: docs.sent.dm/docs/guides/
# whatsapp-pricing (2025-07-01); its utility and authentication rates fell on 2025-10-01, to what is not known in US$.
_RATES = (
    Rates(
        date(2025, 7, 1), "brazil",
        {"marketing": 62_500, "marketing_lite": 62_500, "utility": 6_800, "authentication": 6_800},
    ),
    Rates(
        date(2025, 7, 1), "argentina",
        {"marketing": 61_800, "marketing_lite": 61_800, "utility": 28_900, "authentication": 28_900},
    ),
    Rates(date(2025, 10, 1), "argentina", {"marketing": 61_800, "marketing_lite": 61_800}),
    Rates(
        date(2026, 10, 1), "brazil",
        {"marketing": 62_500, "marketing_lite": 62_500, "utility": 6_800, "authentication": 6_800, "service": 6_800},
    ),
)  # fmt: skip

BILLING = Billing(
    rules=_RULES,
    rates=_RATES,
    markets=_MARKETS,
    categories=frozenset(
        {
            "marketing",
            "marketing_lite",
            "utility",
            "authentication",
            "authentication_international",
            "service",
            "referral_conversion",
        }
    ),
    units={"CBP": "conversation", "PMP": "message"},
    zone_setting="time_zone",
)
