"""Who may begin a session of the online chat, whose conversation it is, and what no token can be made to say."""

from __future__ import annotations

import random
from typing import Any

import pytest

from recado.domain.identity import e164
from recado.storage.contacts import ContactStore
from tests.channels.test_contract import mutated
from tests.handlers.stack import Stack
from tests.widget_site import SECRET, SHOP, Site

JOANA = "7f3b1d7b"
HASHES = {
    JOANA: "d041815ccae81a3c94682e7edbd64947c18b0cb3369792a5bd39ff7a69a9a3db",
    "josé ñ": "dfeb9c826a9b597fe22306beae4d323487e6863709ac37e3a39a8d80ebd4b481",
}
"""Made with openssl and the site's secret."""


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack)


@pytest.fixture
def known(stack: Stack) -> Site:
    """A site that proves who its visitors are."""
    return Site(stack, site_secret=SECRET)


def joana(**more: Any) -> dict[str, Any]:
    return {"identity": {"external_id": JOANA, **more}, "identity_hash": HASHES[JOANA]}


def contact_of(site: Site, contact_id: str) -> Any:
    contact = ContactStore().get(site.a, contact_id)
    assert contact is not None
    return contact


# -- where from


def test_a_session_and_what_a_page_keeps_of_it(site: Site) -> None:
    opened = site.open()
    assert opened.status == 201
    assert set(opened.json) == {"token", "visitor_id", "expires_at", "socket_url"}
    assert opened.json["socket_url"] is None, "where there are no sockets"
    assert opened.json["expires_at"] == "2026-03-03T00:00:00.000Z"
    assert opened.headers["Access-Control-Allow-Origin"] == SHOP
    assert (opened.headers["Vary"], opened.headers["Cache-Control"]) == ("Origin", "no-store")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://loja.example.evil.example", "http://loja.example", SHOP + ":8443", "*"],
)
def test_another_origin_hears_nothing(site: Site, origin: str) -> None:
    page = site.page()
    calls = [
        site.call("POST", "/widget/sessions", {"site_key": site.key}, origin=origin),
        site.call("GET", "/widget/messages", token=page.token, origin=origin),
        site.call("POST", "/widget/messages", {"client_id": "c", "text": "a"}, page.token, origin=origin),
        site.call("POST", "/widget/files", {"name": "a", "content_type": "image/png", "size": 1}, page.token, origin),
    ]
    for refused in calls:
        assert (refused.status, refused.code) == (403, "origin_not_allowed")
        assert "Access-Control-Allow-Origin" not in refused.headers
    assert page.read().json["items"] == []


def test_what_is_no_browser_tells_no_origin(site: Site) -> None:
    assert site.call("POST", "/widget/sessions", {"site_key": site.key}, origin=None).status == 201


def test_an_origin_that_was_just_allowed(site: Site) -> None:
    other = "https://outra.example"
    assert site.call("POST", "/widget/sessions", {"site_key": site.key}, origin=other).status == 403
    site.stack.container.channel_service.change(site.a, site.channel.id, {"settings": {"allowed_origins": [other]}})
    site.stack.container.channel_directory._known.clear()  # a second passes
    assert site.call("POST", "/widget/sessions", {"site_key": site.key}, origin=other).status == 201
    assert site.call("POST", "/widget/sessions", {"site_key": site.key}).status == 403


def test_a_preflight_permits_the_calls_and_nothing_else(site: Site) -> None:
    asked = site.call("OPTIONS", "/widget/messages", headers={"Access-Control-Request-Method": "POST"})
    assert (asked.status, asked.json) == (204, None)
    assert asked.headers["Access-Control-Allow-Origin"] == SHOP
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert asked.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert "Access-Control-Allow-Credentials" not in asked.headers


def test_a_refusal_can_be_read_by_the_sites_own_page(site: Site) -> None:
    page = site.page()
    site.stack.container.clock.move(12 * 3600)  # type: ignore[attr-defined]
    ended = page.say("c-1")
    assert (ended.status, ended.headers["Access-Control-Allow-Origin"]) == (401, SHOP)
    assert ended.headers["WWW-Authenticate"]


@pytest.mark.parametrize("key", ["", "x", "sk_", "{other}", "{removed}", "ch_acctaaaa_" + "0" * 27])
def test_a_site_that_is_none(site: Site, key: str) -> None:
    if key == "{removed}":
        key = site.key[:-4] + "ffff"
    refused = site.call("POST", "/widget/sessions", {"site_key": key})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (404, "/site_key")


# -- whose conversation


def test_a_visitor_comes_back_by_their_id(site: Site) -> None:
    page = site.page()
    page.say("c-1")
    again = site.page(visitor_id=page.visitor_id)
    assert again.visitor_id == page.visitor_id
    assert [one["seq"] for one in again.read().json["items"]] == [1]


@pytest.mark.parametrize("visitor_id", ["", "x", "vi_" + "a" * 75, "é\ud7ff", "v" * 10_000])
def test_an_id_that_is_none_begins_a_new_visitor(site: Site, visitor_id: str) -> None:
    opened = site.open(visitor_id=visitor_id)
    assert opened.status == 201
    assert opened.json["visitor_id"] != visitor_id


def test_an_id_of_another_site_begins_a_new_visitor(site: Site, stack: Stack) -> None:
    page, other = site.page(), Site(stack)
    page.say("c-1")
    theirs = other.page(visitor_id=page.visitor_id)
    assert theirs.visitor_id != page.visitor_id
    assert theirs.read().json["items"] == []


def test_the_keys_by_which_agents_see_a_visitor_lead_nobody_back(site: Site) -> None:
    page = site.page()
    said = page.say("c-1").json
    shown = contact_of(site, said["contact_id"]).identities[0].external_id
    assert page.visitor_id not in str(said) and page.visitor_id not in shown
    assert site.open(visitor_id=shown).json["visitor_id"] != shown


def test_a_proved_identity_is_one_thread_on_all_devices(known: Site) -> None:
    first, second = known.page(**joana(name="Joana")), known.page(**joana())
    assert first.visitor_id != second.visitor_id
    first.say("c-1")
    assert [one["text"] for one in second.read().json["items"]] == ["Olá!"]
    said = second.say("c-2").json
    contact = contact_of(known, said["contact_id"])
    assert (contact.name, contact.identities[0].external_id) == ("Joana", JOANA)


def test_an_identity_hash_is_the_hmac_of_the_id(known: Site) -> None:
    for external_id, proof in HASHES.items():
        assert known.open(identity={"external_id": external_id}, identity_hash=proof).status == 201
    chance = random.Random(3)
    mutations = [mutated(HASHES[JOANA], chance).encode("utf-8", "replace").decode() for _ in range(60)]
    for wrong in (None, "", HASHES["josé ñ"], HASHES[JOANA].upper(), *mutations):
        refused = known.open(identity={"external_id": JOANA}, identity_hash=wrong)
        assert (refused.status, refused.code) == (403, "identity_not_proved")


def test_a_secret_that_was_changed_proves_nothing_more(known: Site) -> None:
    known.stack.container.channel_service.change(
        known.a, known.channel.id, {"secrets": {"site_secret": "another-secret-0123456"}}
    )
    known.stack.container.channel_directory._known.clear()
    assert known.open(**joana()).status == 403


def test_an_identity_may_be_required(stack: Stack) -> None:
    site = Site(stack, {"identity_required": True}, site_secret=SECRET)
    for body in ({}, {"identity": {"name": "Zé"}}, {"visitor_id": "x"}):
        refused = site.open(**body)
        assert (refused.status, refused.code) == (403, "identity_required")
    assert site.open(**joana()).status == 201


def test_an_id_that_nothing_can_prove_is_nobodys(site: Site) -> None:
    """The site has no secret: who claims to be somebody gets a conversation of their own."""
    first, second = site.page(identity={"external_id": JOANA}), site.page(identity={"external_id": JOANA})
    first.say("c-1")
    assert second.read().json["items"] == []


def test_what_visitors_say_of_themselves_is_shown_and_claims_nobody(known: Site) -> None:
    told = {"name": "Joana", "email": "joana@example.com", "phone": "+5511987654321"}
    anonymous = known.page(identity=told).say("c-1").json["contact_id"]
    proved = known.page(**joana(**told)).say("c-1").json["contact_id"]
    other = known.page(identity=told).say("c-1").json["contact_id"]
    assert len({anonymous, proved, other}) == 3
    for contact_id in (anonymous, proved, other):
        contact = contact_of(known, contact_id)
        assert (contact.name, contact.email, contact.mobile) == ("Joana", "joana@example.com", e164("+5511987654321"))
        assert {claim.kind for claim in contact.claims} == {"ext"}


# -- tokens


def test_no_mutation_of_a_token_is_good(site: Site) -> None:
    page, chance = site.page(), random.Random(5)
    sessions = site.stack.container.widget_sessions
    for number in range(2_000):
        token = mutated(page.token, chance).encode("utf-8", "replace").decode()
        if number < 50:
            answer = site.call("GET", "/widget/messages", token=token)
            assert answer.status == 401, token
        channel = sessions.claimed(token)
        if channel is not None:
            with pytest.raises(Exception) as refused:
                sessions.visitor(channel, SHOP, token)
            assert refused.value.status == 401, token  # type: ignore[attr-defined]


def test_no_header_and_other_schemes_are_no_session(site: Site) -> None:
    for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}):
        assert site.call("GET", "/widget/messages", headers=headers).status == 401


def test_a_token_of_one_site_says_nothing_on_another(site: Site, stack: Stack) -> None:
    other, page = Site(stack), site.page()
    theirs = other.page()
    mine_for_theirs = theirs.token.split(".")[0] + "." + page.token.split(".", 1)[1]
    assert site.call("GET", "/widget/messages", token=mine_for_theirs).status == 401
    assert site.call("GET", "/widget/messages", token="rs_" + page.token[3:]).status == 401


def test_a_token_ends_after_twelve_hours_and_with_its_channel(site: Site) -> None:
    page, clock = site.page(), site.stack.container.clock
    clock.move(12 * 3600 - 1)  # type: ignore[attr-defined]
    assert page.read().status == 200
    clock.move(1)  # type: ignore[attr-defined]
    assert page.read().status == 401
    fresh = site.page()
    channels = site.stack.container.channels
    before = channels.get(site.a, site.channel.id)
    assert before is not None
    from dataclasses import replace

    assert channels.change(site.a, before, replace(before, state="removed", version=before.version + 1), {})
    site.stack.container.channel_directory._known.clear()
    assert fresh.read().status == 401
    assert site.open().status == 404


def test_an_api_token_is_no_session(site: Site) -> None:
    admin = site.signed.admin
    from recado.domain.access import Caller
    from recado.domain.scopes import SCOPES

    caller = Caller(site.a, "admin", user_id=admin.id)
    _, token = site.stack.container.api_token_service.create(caller, "x", SCOPES)
    assert site.call("GET", "/widget/messages", token=token).status == 401
