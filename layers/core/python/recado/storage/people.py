"""Accounts, users, the directory of log-in e-mails, and API tokens."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.agents import AgentChange
from recado.domain.credentials import ApiToken
from recado.domain.people import Account, Department, User
from recado.storage import keys
from recado.storage.agents import add_agent_removal
from recado.storage.departments import add_department
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard

_EMAIL_FREE = guard(
    "email-free", "two users of any accounts are registered with one log-in e-mail at once: a log-in would be of either"
)
_USER_SEEN = guard(
    "user-as-seen",
    "a user is changed or deleted by two at once: one would undo the other, or bring the deleted user back",
)
_ADMIN_LEFT = guard(
    "an-admin-is-left", "the last two admins delete or demote each other at once: nobody could administer the account"
)
_TOKEN_EXISTS = guard(
    "api-token-exists", "a token is deleted while it is changed: the change would make it valid again"
)


class AccountRecord(WorkspaceRecord):
    """ACCOUNT. `admins` counts the users of role admin."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    plan = UnicodeAttribute()
    seats = NumberAttribute()
    locale = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    created_at = TimeAttribute()
    trial_ends_at = TimeAttribute(null=True)
    paid_until = TimeAttribute(null=True)
    admins = NumberAttribute()

    def account(self) -> Account:
        """The entity."""
        return self.to(Account, seats=int(self.seats))


class UserRecord(WorkspaceRecord):
    """USER. `seat` is the number of the slot that the user took last (recado/storage/sessions.py)."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    role = UnicodeAttribute()
    created_at = TimeAttribute()
    password_hash = UnicodeAttribute(null=True)
    max_chats = NumberAttribute(null=True)
    credentials_at = TimeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    seat = NumberAttribute(null=True)

    def user(self) -> User:
        """The entity."""
        return self.to(User, max_chats=None if self.max_chats is None else int(self.max_chats))


class DirectoryRecord(WorkspaceRecord):
    """DIR: which account and user a log-in e-mail leads to."""

    account = UnicodeAttribute()
    user_id = UnicodeAttribute()


class ApiTokenRecord(WorkspaceRecord):
    """An API token."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    scopes = JSONAttribute()
    secret_hash = UnicodeAttribute()
    created_at = TimeAttribute()
    created_by = UnicodeAttribute()

    def token(self) -> ApiToken:
        """The entity."""
        return self.to(ApiToken, scopes=tuple(self.scopes))


def user_key(a: str, user_id: str) -> tuple[str, str]:
    """The key of USER."""
    return keys.workspace_pk(a, "USERS"), user_id


def token_key(a: str, token_id: str) -> tuple[str, str]:
    """The key of an API token."""
    return keys.workspace_pk(a, "TOKENS"), token_id


class AccountStore:
    """Accounts of the workspace table (port: recado/ports/people.py)."""

    def create(self, account: Account, admin: User, department: Department) -> bool:
        """The account, its first admin and its default department at once; False when the e-mail is taken."""
        a = keys.account_part(account.id)
        tx = Transaction()
        tx.put("account", AccountRecord.of(account, pk=keys.workspace_pk(a, "ACCOUNT"), sk="ACCOUNT", admins=1))
        _add_user(tx, a, admin)
        add_department(tx, a, department, default=True, look_at=department.created_at)
        return not _failed(tx)

    def get(self, a: str) -> Account | None:
        """An account, or None."""
        for record in AccountRecord.batch_get([(keys.workspace_pk(a, "ACCOUNT"), "ACCOUNT")], consistent_read=True):
            return record.account()
        return None

    def change(self, a: str, name: str, locale: str, time_zone: str) -> None:
        """Write what an admin may change."""
        _account_record(a).update(
            [AccountRecord.name.set(name), AccountRecord.locale.set(locale), AccountRecord.time_zone.set(time_zone)]
        )


class UserStore:
    """Users of the workspace table (port: recado/ports/people.py)."""

    def get(self, a: str, user_id: str) -> User | None:
        """A user, or None."""
        for record in UserRecord.batch_get([user_key(a, user_id)], consistent_read=True):
            return record.user()
        return None

    def read(self, a: str, user_ids: Sequence[str]) -> list[User]:
        """Those of the users that exist, in the order of the ids; 1 RRU each."""
        wanted = [user_key(a, user_id) for user_id in dict.fromkeys(user_ids)]
        found = {one.id: one.user() for one in UserRecord.batch_get(wanted, consistent_read=True)} if wanted else {}
        return [found[user_id] for user_id in user_ids if user_id in found]

    def page(self, a: str, limit: int, after: str | None) -> list[User]:
        """Users in the order of their ids, those after an id."""
        beyond = UserRecord.sk > after if after else None
        found = UserRecord.query(keys.workspace_pk(a, "USERS"), beyond, limit=limit, consistent_read=True)
        return [record.user() for record in found]

    def find(self, email: str) -> tuple[str, str] | None:
        """(account, user id) of a log-in e-mail in the whole deployment."""
        for record in DirectoryRecord.batch_get([(keys.directory_pk("email", email), "DIR")], consistent_read=True):
            return record.account, record.user_id
        return None

    def create(self, a: str, user: User) -> bool:
        """False when the e-mail is taken."""
        tx = Transaction()
        _add_user(tx, a, user)
        if user.role == "admin":
            tx.update("account", _account_record(a), [AccountRecord.admins.add(1)])
        return not _failed(tx)

    def change(self, a: str, before: User, after: User) -> frozenset[str]:
        """What stood against it: `email` taken, `user` changed meanwhile, `account` would lose its last admin. Empty:
        done."""
        tx = Transaction()
        tx.update("user", UserRecord(*user_key(a, after.id)), _user_actions(after), _as_seen(before))
        if after.email != before.email:
            tx.delete("old-email", DirectoryRecord(keys.directory_pk("email", before.email), "DIR"))
            _add_email(tx, a, after)
        if before.role == "admin" and after.role != "admin":
            _one_admin_less(tx, a)
        elif before.role != "admin" and after.role == "admin":
            tx.update("account", _account_record(a), [AccountRecord.admins.add(1)])
        return _failed(tx)

    def delete(self, a: str, user: User, agent: AgentChange | None) -> frozenset[str]:
        """USER, the directory's entry, and the agent with its places."""
        tx = Transaction()
        if agent is not None:
            add_agent_removal(tx, a, agent)
        tx.delete("user", UserRecord(*user_key(a, user.id)), _as_seen(user))
        tx.delete("email", DirectoryRecord(keys.directory_pk("email", user.email), "DIR"))
        if user.role == "admin":
            _one_admin_less(tx, a)
        return _failed(tx)


class ApiTokenStore:
    """API tokens of the workspace table (port: recado/ports/people.py)."""

    def get(self, a: str, token_id: str) -> ApiToken | None:
        """A token, or None."""
        for record in ApiTokenRecord.batch_get([token_key(a, token_id)], consistent_read=True):
            return record.token()
        return None

    def page(self, a: str, limit: int, after: str | None) -> list[ApiToken]:
        """Tokens in the order of their ids, those after an id."""
        beyond = ApiTokenRecord.sk > after if after else None
        return [record.token() for record in ApiTokenRecord.query(keys.workspace_pk(a, "TOKENS"), beyond, limit=limit)]

    def create(self, a: str, token: ApiToken) -> None:
        """Write a new token."""
        ApiTokenRecord.of(token, pk=keys.workspace_pk(a, "TOKENS"), sk=token.id, scopes=list(token.scopes)).save()

    def change(self, a: str, token: ApiToken) -> bool:
        """Write name and scopes; False when it was deleted."""
        record = ApiTokenRecord(*token_key(a, token.id))
        actions: list[Action] = [ApiTokenRecord.name.set(token.name), ApiTokenRecord.scopes.set(list(token.scopes))]
        try:
            record.update(actions, condition=_TOKEN_EXISTS(ApiTokenRecord.pk.exists()))
        except UpdateError as error:
            if not condition_failed(error):
                raise
            return False
        return True

    def delete(self, a: str, token_id: str) -> None:
        """Delete a token; repeating it does nothing."""
        ApiTokenRecord(*token_key(a, token_id)).delete()


def _account_record(a: str) -> AccountRecord:
    return AccountRecord(keys.workspace_pk(a, "ACCOUNT"), "ACCOUNT")


def _add_user(tx: Transaction, a: str, user: User) -> None:
    tx.put("user", UserRecord.of(user, pk=keys.workspace_pk(a, "USERS"), sk=user.id))
    _add_email(tx, a, user)


def _add_email(tx: Transaction, a: str, user: User) -> None:
    record = DirectoryRecord(keys.directory_pk("email", user.email), "DIR", account=a, user_id=user.id)
    tx.put("email", record, _EMAIL_FREE(DirectoryRecord.pk.does_not_exist()))


def _one_admin_less(tx: Transaction, a: str) -> None:
    tx.update("account", _account_record(a), [AccountRecord.admins.add(-1)], _ADMIN_LEFT(AccountRecord.admins > 1))


def _as_seen(user: User) -> Condition | None:
    return _USER_SEEN((UserRecord.email == user.email) & (UserRecord.role == user.role))


def _user_actions(user: User) -> list[Action]:
    """All that a change may touch; not the seat, which log-ins write."""
    actions: list[Action] = [
        UserRecord.name.set(user.name),
        UserRecord.email.set(user.email),
        UserRecord.role.set(user.role),
    ]
    cap, phone = UserRecord.max_chats, UserRecord.phone
    actions.append(cap.remove() if user.max_chats is None else cap.set(user.max_chats))
    actions.append(phone.remove() if user.phone is None else phone.set(user.phone))
    if user.password_hash is not None:
        actions.append(UserRecord.password_hash.set(user.password_hash))
    if user.credentials_at is not None:
        actions.append(UserRecord.credentials_at.set(user.credentials_at))
    return actions


def _failed(tx: Transaction) -> frozenset[str]:
    """The labels that said no; empty when it was committed."""
    try:
        tx.commit()
    except Cancelled as cancelled:
        return cancelled.failed
    return frozenset()
