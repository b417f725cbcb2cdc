"""Sign-up and the account itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recado.domain.errors import Conflict, Invalid, NotFound
from recado.domain.people import Account, Department, User
from recado.domain.seats import PLANS, TRIAL
from recado.domain.users import checked_email, checked_locale, checked_password
from recado.ports.core import Clock, Ids
from recado.ports.people import AccountStore, Passwords
from recado.services.presence import PresenceService
from recado.services.task_upkeep import TaskUpkeep

_DEFAULT_DEPARTMENT = {"pt-BR": "Geral", "en": "General"}


@dataclass(frozen=True)
class NewAccount:
    """Who signs up, and for what. `seats` None: those of the plan; `trial` False: a plan that does not end."""

    company: str
    name: str
    email: str
    password: str
    plan: str
    locale: str = "pt-BR"
    time_zone: str = "America/Sao_Paulo"
    seats: int | None = None
    trial: bool = True
    department: str | None = None


@dataclass(frozen=True)
class SignedUp:
    """A new account, its first admin and its default department."""

    account: Account
    admin: User
    department: Department


class AccountService:
    """Accounts."""

    def __init__(
        self,
        accounts: AccountStore,
        passwords: Passwords,
        presence: PresenceService,
        tasks: TaskUpkeep,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._presence = presence
        self._tasks = tasks
        self._clock = clock
        self._ids = ids

    def create(self, wanted: NewAccount) -> SignedUp:
        """An account with its first admin and a default department. Raises Invalid, Conflict `email_taken`."""
        if wanted.plan not in PLANS:
            raise Invalid.field("/plan", "unknown_plan", f"Plans are {', '.join(PLANS)}.")
        email, password = checked_email(wanted.email), checked_password(wanted.password)
        locale, zone = checked_locale(wanted.locale), checked_time_zone(wanted.time_zone)
        a, now = self._ids.account(), self._clock.now()
        account = Account(
            id=f"ac_{a}",
            name=wanted.company,
            plan=wanted.plan,
            seats=PLANS[wanted.plan] if wanted.seats is None else wanted.seats,
            locale=locale,
            time_zone=zone,
            created_at=now,
            trial_ends_at=now + TRIAL if wanted.trial else None,
        )
        hashed = self._passwords.hash(password)
        admin = User(self._ids.new("us", a), wanted.name, email, "admin", now, password_hash=hashed, credentials_at=now)
        name = wanted.department or _DEFAULT_DEPARTMENT[locale]
        department = Department(self._ids.new("dp", a), name, "department", now)
        self._presence.create(a, admin.id, None)
        if not self._accounts.create(account, admin, department):
            self._presence.remove(a, admin.id)
            raise Conflict("This e-mail is registered already.", code="email_taken")
        return SignedUp(account, admin, department)

    def get(self, a: str) -> Account:
        """The account. Raises NotFound."""
        account = self._accounts.get(a)
        if account is None:
            raise NotFound("There is no such account.")
        return account

    def change(self, a: str, name: str | None, locale: str | None, time_zone: str | None) -> Account:
        """Change what an admin may; None leaves a field. Tasks run by another time zone from then on. Raises
        Invalid."""
        before = self.get(a)
        after = replace(
            before,
            name=before.name if name is None else name,
            locale=before.locale if locale is None else checked_locale(locale),
            time_zone=before.time_zone if time_zone is None else checked_time_zone(time_zone),
        )
        self._accounts.change(a, after.name, after.locale, after.time_zone)
        if time_zone is not None:
            self._tasks.plan_again(a, after.time_zone)
        return after


def checked_time_zone(name: str) -> str:
    """An IANA time zone's name. Raises Invalid at /time_zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid.field("/time_zone", "unknown_time_zone", "This is not a time zone of the IANA list.") from None
    return name
