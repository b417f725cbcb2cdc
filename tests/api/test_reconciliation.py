"""POST /v1/departments/{id}/reconciliation."""

from __future__ import annotations

import pytest

from recado.bootstrap import Container
from recado.domain.ids import make_id
from recado.domain.people import Membership
from recado.storage import keys
from recado.storage.agents import MemberRecord
from tests.api.conftest import Api, Company


def test_an_admin_has_a_department_checked(
    api: Api, company: Company, services: Container, caplog: pytest.LogCaptureFixture
) -> None:
    user_id, department_id = company.users["agent"].id, company.department.id
    services.presence.set_membership(company.a, user_id, department_id, Membership(1, True, False))
    path = f"/v1/departments/{department_id}/reconciliation"
    healthy = api.post(path, {}, token=company.admin).json
    assert (healthy["department_id"], healthy["complete"], healthy["drifts"]) == (department_id, True, [])
    MemberRecord(keys.members_pk(company.a, department_id), f"{1:08d}#{user_id}").delete()
    caplog.clear()
    answer = api.post(path, {}, token=company.admin)
    assert answer.status == 200
    assert answer.json["drifts"] == [
        {
            "kind": "member",
            "id": user_id,
            "found": None,
            "expected": f"{1:08d}#{user_id} not_eligible",
            "repaired": True,
        }
    ]
    told = [vars(one) for one in caplog.records if one.getMessage() == "drift_found"]
    assert [(one["kind"], one["record_id"], one["department_id"], one["outcome"]) for one in told] == [
        ("member", user_id, department_id, "repaired")
    ]
    assert api.post(path, {}, token=company.tokens["api"]).json["drifts"] == []


def test_of_an_unknown_department_nothing_is_known(api: Api, company: Company) -> None:
    unknown = make_id("dp", company.a, company.account.created_at, "f" * 16)
    assert api.post(f"/v1/departments/{unknown}/reconciliation", {}, token=company.admin).status == 404
    assert api.post(f"/v1/departments/{unknown}/reconciliation", {}, token=company.tokens["agent"]).status == 403
