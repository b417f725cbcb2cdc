"""Hours, holidays, timers and the rest of what a department is set to (PRODUCT B2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from recado.bootstrap import Container
from tests.api.conftest import Api, Company

MONDAY = {"day": 1, "from": "09:00", "to": "12:00"}
SETTINGS: dict[str, Any] = {
    "distribution": {
        "enabled": False, "overflow_after_s": 7200, "overflow_department_id": None,
        "last_agent_first": True, "when_agent_gone": "requeue",
    },
    "timers": {"max_automatic_s": 60, "close_idle_after_s": 2_592_000},
    "reopening": {"policy": "within", "within_hours": 8760, "by_customer": True},
    "business_hours": [MONDAY, {"day": 1, "from": "12:00", "to": "18:30"}, {"day": 7, "from": "22:00", "to": "24:00"}],
    "holidays": ["2026-12-25", "2027-01-01"],
    "away_message": "Voltamos às 9h.\nObrigado!",
    "tabulation_required": True,
}  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "distribution": {
        "enabled": True, "overflow_after_s": None, "overflow_department_id": None,
        "last_agent_first": False, "when_agent_gone": "stay",
    },
    "timers": {"max_automatic_s": None, "close_idle_after_s": None},
    "reopening": {"policy": "always", "within_hours": None, "by_customer": False},
    "business_hours": None, "holidays": [], "away_message": None, "tabulation_required": False,
}  # fmt: skip


@pytest.fixture
def path(company: Company) -> str:
    return f"/v1/departments/{company.department.id}"


def settings_of(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: shown[name] for name in SETTINGS}


def test_what_is_set_is_shown(api: Api, company: Company, path: str) -> None:
    assert settings_of(api.get(path, token=company.admin).json) == DEFAULTS
    changed = api.patch(path, SETTINGS, token=company.admin)
    assert (changed.status, settings_of(changed.json)) == (200, SETTINGS)
    assert api.get(path, token=company.tokens["restricted"]).json == changed.json
    made = api.post("/v1/departments", {"name": "Sales", **SETTINGS}, token=company.admin)
    assert (made.status, settings_of(made.json)) == (201, SETTINGS)


def test_only_what_is_given_changes(api: Api, company: Company, path: str) -> None:
    before = api.patch(path, SETTINGS, token=company.admin).json
    for given, changed in (
        ({"timers": {"max_automatic_s": None}}, {"timers": {**SETTINGS["timers"], "max_automatic_s": None}}),
        ({"reopening": {"by_customer": False}}, {"reopening": {**SETTINGS["reopening"], "by_customer": False}}),
        ({"reopening": {"within_hours": 1}}, {"reopening": {**SETTINGS["reopening"], "within_hours": 1}}),
        (
            {"distribution": {"last_agent_first": False}},
            {"distribution": {**SETTINGS["distribution"], "last_agent_first": False}},
        ),
        ({"business_hours": None}, {"business_hours": None}),
        ({"holidays": []}, {"holidays": []}),
        ({"away_message": None}, {"away_message": None}),
        ({}, {}),
    ):
        assert api.patch(path, SETTINGS, token=company.admin).json == before
        assert api.patch(path, given, token=company.admin).json == {**before, **changed}


def test_another_policy_forgets_the_hours(api: Api, company: Company, path: str) -> None:
    api.patch(path, SETTINGS, token=company.admin)
    never = api.patch(path, {"reopening": {"policy": "never"}}, token=company.admin).json["reopening"]
    assert never == {"policy": "never", "within_hours": None, "by_customer": True}


def test_hours_and_holidays_are_in_order(api: Api, company: Company, path: str) -> None:
    given = {
        "business_hours": [{"day": 2, "from": "00:00", "to": "00:01"}, {**MONDAY, "from": "10:00"}],
        "holidays": ["2027-01-01", "2026-12-25"],
    }
    shown = api.patch(path, given, token=company.admin).json
    assert [one["day"] for one in shown["business_hours"]] == [1, 2]
    assert shown["holidays"] == ["2026-12-25", "2027-01-01"]


def days(count: int) -> list[str]:
    return [(date(2026, 1, 1) + timedelta(days=one)).isoformat() for one in range(count)]


def stretches(count: int) -> list[dict[str, Any]]:
    return [{"day": 1 + one % 7, "from": f"{one // 7:02d}:00", "to": f"{one // 7:02d}:30"} for one in range(count)]


@pytest.mark.parametrize("given", [{"holidays": days(400)}, {"business_hours": stretches(50)}])
def test_the_most_that_there_may_be(api: Api, company: Company, path: str, given: dict[str, Any]) -> None:
    assert api.patch(path, given, token=company.admin).status == 200


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"distribution": {"overflow_after_s": 119}}, "/distribution/overflow_after_s"),
    ({"distribution": {"overflow_after_s": 7201}}, "/distribution/overflow_after_s"),
    ({"distribution": {"last_agent_first": 1}}, "/distribution/last_agent_first"),
    ({"distribution": {"when_agent_gone": "leave"}}, "/distribution/when_agent_gone"),
    ({"distribution": {"when_agent_gone": None}}, "/distribution/when_agent_gone"),
    ({"distribution": {"mode": "x"}}, "/distribution/mode"),
    ({"distribution": None}, "/distribution"),
    ({"timers": {"max_automatic_s": 59}}, "/timers/max_automatic_s"),
    ({"timers": {"max_automatic_s": 604_801}}, "/timers/max_automatic_s"),
    ({"timers": {"max_automatic_s": 60.5}}, "/timers/max_automatic_s"),
    ({"timers": {"close_idle_after_s": 299}}, "/timers/close_idle_after_s"),
    ({"timers": {"close_idle_after_s": 2_592_001}}, "/timers/close_idle_after_s"),
    ({"timers": {"close_idle_after_s": "300"}}, "/timers/close_idle_after_s"),
    ({"reopening": {"policy": "sometimes"}}, "/reopening/policy"),
    ({"reopening": {"policy": "within"}}, "/reopening/within_hours"),
    ({"reopening": {"policy": "within", "within_hours": None}}, "/reopening/within_hours"),
    ({"reopening": {"policy": "within", "within_hours": 0}}, "/reopening/within_hours"),
    ({"reopening": {"policy": "within", "within_hours": 8761}}, "/reopening/within_hours"),
    ({"reopening": {"policy": "never", "within_hours": 1}}, "/reopening/within_hours"),
    ({"reopening": {"within_hours": 1}}, "/reopening/within_hours"),
    ({"business_hours": []}, "/business_hours"),
    ({"business_hours": stretches(51)}, "/business_hours"),
    ({"business_hours": [{**MONDAY, "day": 0}]}, "/business_hours/0/day"),
    ({"business_hours": [MONDAY, {**MONDAY, "day": 8}]}, "/business_hours/1/day"),
    ({"business_hours": [{**MONDAY, "from": "24:00"}]}, "/business_hours/0/from"),
    ({"business_hours": [{**MONDAY, "from": "9:00"}]}, "/business_hours/0/from"),
    ({"business_hours": [{**MONDAY, "from": "09:00\n"}]}, "/business_hours/0/from"),
    ({"business_hours": [{**MONDAY, "to": "24:01"}]}, "/business_hours/0/to"),
    ({"business_hours": [{**MONDAY, "to": "12:60"}]}, "/business_hours/0/to"),
    ({"business_hours": [{**MONDAY, "to": "09:00"}]}, "/business_hours/0/to"),
    ({"business_hours": [{**MONDAY, "to": "08:59"}]}, "/business_hours/0/to"),
    ({"business_hours": [{"day": 1, "from": "09:00"}]}, "/business_hours/0/to"),
    ({"business_hours": [MONDAY, {**MONDAY, "from": "11:59", "to": "13:00"}]}, "/business_hours/1"),
    ({"business_hours": [MONDAY, {**MONDAY, "day": 2}, MONDAY]}, "/business_hours/2"),
    ({"holidays": ["2026-12-25", "2026-12-25"]}, "/holidays/1"),
    ({"holidays": ["2026-02-29"]}, "/holidays/0"),
    ({"holidays": ["25/12/2026"]}, "/holidays/0"),
    ({"holidays": [20261225]}, "/holidays/0"),
    ({"holidays": days(401)}, "/holidays"),
    ({"holidays": None}, "/holidays"),
    ({"away_message": ""}, "/away_message"),
    ({"away_message": " \n"}, "/away_message"),
    ({"away_message": "x" * 1001}, "/away_message"),
    ({"tabulation_required": "yes"}, "/tabulation_required"),
    ({"tabulation_required": None}, "/tabulation_required"),
]


def test_what_is_wrong_is_told_and_changes_nothing(api: Api, company: Company, path: str) -> None:
    before = api.get(path, token=company.admin).json
    failed = []
    for given, pointer in REFUSED:
        for answer in (
            api.patch(path, {"name": "Other", **given}, token=company.admin),
            api.post("/v1/departments", {"name": "Other", **given}, token=company.admin),
        ):
            told = [one["pointer"] for one in answer.json.get("errors", [])]
            if (answer.status, told) != (400, [pointer]):
                failed.append((given, answer.status, told))
    assert failed == []
    assert api.get(path, token=company.admin).json == before
    assert len(api.get("/v1/departments", token=company.admin).json["items"]) == 1


def test_a_change_of_hours_looks_at_who_waits(
    api: Api, company: Company, path: str, services: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(services.waker, "wake", lambda a, ids, cause: woken.append(cause))
    api.patch(path, {"business_hours": [MONDAY]}, token=company.admin)
    api.patch(path, {"name": "Other"}, token=company.admin)
    api.patch(path, {"holidays": ["2026-12-25"]}, token=company.admin)
    assert woken == ["department_opened", "department_opened"]
