"""Accounts, users, departments, API tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.credentials import ApiToken
from recado.domain.people import Account, Department, User
from recado.storage.departments import DepartmentStore
from recado.storage.people import AccountStore, ApiTokenStore, UserStore
from tests.storage.scenarios import scenario

A = "acctaaaa"


def new_user(clock: Any, ids: Any, name: str, role: str = "agent") -> User:
    return User(ids.new("us", A), name, f"{name}@one.example", role, clock.now(), password_hash="hash")  # type: ignore[arg-type]


def new_department(clock: Any, ids: Any, name: str) -> Department:
    return Department(ids.new("dp", A), name, "department", clock.now())


def an_account(clock: Any, ids: Any, a: str = A) -> tuple[User, Department]:
    """An account with its first admin and its default department."""
    admin = new_user(clock, ids, f"admin-{a}", "admin")
    department = new_department(clock, ids, "General")
    account = Account(f"ac_{a}", "Company", "team", 5, "pt-BR", "America/Sao_Paulo", clock.now())
    assert AccountStore().create(account, admin, department)
    return admin, department


@scenario("email-free")
def two_accounts_sign_up_with_one_email(clock: Any, ids: Any) -> None:
    an_account(clock, ids)
    users = UserStore()
    first = new_user(clock, ids, "ana")
    second = replace(first, id=ids.new("us", "acctbbbb"))
    assert users.create(A, first)
    users.create("acctbbbb", second)
    assert users.find("ana@one.example") == (A, first.id), "the log-in leads to another account"


@scenario("user-as-seen")
def a_user_is_made_admin_by_two_at_once(clock: Any, ids: Any) -> None:
    admin, _ = an_account(clock, ids)
    users = UserStore()
    ana = new_user(clock, ids, "ana")
    users.create(A, ana)
    promoted = replace(ana, role="admin")
    for _ in range(2):
        users.change(A, ana, promoted)  # both read the agent; counted twice, the admins would seem to be three
    users.change(A, promoted, ana)
    users.change(A, admin, replace(admin, role="agent"))
    assert any(user.role == "admin" for user in users.page(A, 10, None)), "nobody administers the account"


@scenario("an-admin-is-left")
def the_last_two_admins_demote_each_other(clock: Any, ids: Any) -> None:
    first, _ = an_account(clock, ids)
    users = UserStore()
    second = new_user(clock, ids, "bia", "admin")
    users.create(A, second)
    users.change(A, first, replace(first, role="agent"))
    users.change(A, second, replace(second, role="agent"))
    assert any(user.role == "admin" for user in users.page(A, 10, None)), "nobody administers the account"


@scenario("api-token-exists")
def a_token_is_renamed_while_revoked(clock: Any, ids: Any) -> None:
    tokens = ApiTokenStore()
    token = ApiToken(ids.new("tk", A), "one", ("chats:read",), "hash", clock.now(), ids.new("us", A))
    tokens.create(A, token)
    tokens.delete(A, token.id)
    assert not tokens.change(A, replace(token, name="two")), "the revoked token is changed as if it were there"


@scenario("department-exists")
def a_department_is_deleted_as_another_begins_to_overflow_to_it(clock: Any, ids: Any) -> None:
    an_account(clock, ids)
    departments = DepartmentStore()
    target = new_department(clock, ids, "Second")
    assert departments.create(A, target, False, clock.now())
    assert departments.delete(A, target)
    other = replace(new_department(clock, ids, "Third"), overflow_department_id=target.id)
    assert not departments.create(A, other, False, clock.now()), "it overflows to a department that is gone"


@scenario("department-unchanged")
def a_department_gets_used_after_it_was_seen_unused(clock: Any, ids: Any) -> None:
    an_account(clock, ids)
    departments = DepartmentStore()
    target = new_department(clock, ids, "Second")
    assert departments.create(A, target, False, clock.now())
    seen = departments.get(A, target.id)
    assert seen is not None
    other = replace(new_department(clock, ids, "Third"), overflow_department_id=target.id)
    assert departments.create(A, other, False, clock.now())
    departments.delete(A, seen)
    assert departments.get(A, target.id) is not None, "a department in use is gone"


@scenario("department-not-default")
def a_department_becomes_the_default_as_it_is_deleted(clock: Any, ids: Any) -> None:
    an_account(clock, ids)
    departments = DepartmentStore()
    target = new_department(clock, ids, "Second")
    assert departments.create(A, target, True, clock.now())
    seen = departments.get(A, target.id)  # whoever deletes read the default before it moved
    assert seen is not None
    departments.delete(A, seen)
    assert departments.get(A, departments.default(A) or "") is not None, "the default department does not exist"
