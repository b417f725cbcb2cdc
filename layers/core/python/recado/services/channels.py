"""Channels of an account: what is connected, to which department, with which settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from recado.domain.channels import Channel
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.ids import is_id
from recado.domain.signing_secrets import changed
from recado.domain.tokens import fresh, next_look
from recado.ports.channels import ChannelStore, Registration, Secrets
from recado.ports.core import Clock, Ids
from recado.ports.people import DepartmentStore
from recado.services.views import moment

_TRIES = 5
_NOT_REGISTERED = "webhook_not_set"
_UNKNOWN_DEPARTMENT = ("unknown_department", "There is no such department.")


class ChannelRules(Protocol):
    """What a type of channel says of its settings and secrets."""

    def place(
        self, settings: Mapping[str, Any], secrets: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], tuple[FieldError, ...]]: ...

    def validate(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> tuple[FieldError, ...]: ...

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> tuple[FieldError, ...]: ...

    @property
    def address_directory(self) -> str | None: ...

    def account_address(self, settings: Mapping[str, Any]) -> str | None: ...

    def misplaced(self, settings: Mapping[str, Any], mail_domain: str) -> tuple[FieldError, ...]: ...

    @property
    def token_secret(self) -> str | None: ...

    def token_life(self, secrets: Secrets) -> timedelta | None: ...

    def token_min_age(self, settings: Mapping[str, Any], secrets: Secrets) -> timedelta | None: ...

    def made(self, channel_id: str, secret: Callable[[], str]) -> tuple[Mapping[str, Any], Mapping[str, str]]: ...

    def departments(self, settings: Mapping[str, Any]) -> Sequence[tuple[str, str]]: ...

    @property
    def webhook_folder(self) -> str: ...

    @property
    def rotating(self) -> Collection[str]: ...

    @property
    def writes(self) -> bool:
        """Whether a flow can lead its chats."""
        ...


class EntryFlows(Protocol):
    """Flows of an account."""

    def published(self, a: str, flow_id: str) -> int | None:
        """The number of the version that was published last; None: none was, or there is no such flow."""
        ...


class ChannelService:
    """Secrets go in and never come out; an address is of one channel of the account."""

    def __init__(
        self,
        channels: ChannelStore,
        departments: DepartmentStore,
        rules: Callable[[str], ChannelRules],
        registration: Registration,
        clock: Clock,
        ids: Ids,
        flows: EntryFlows,
        mail_domain: str = "",
    ) -> None:
        """`rules` gives those of a type, or raises NotFound. `mail_domain`: where this installation receives mail."""
        self._channels = channels
        self._departments = departments
        self._rules = rules
        self._registration = registration
        self._clock = clock
        self._ids = ids
        self._flows = flows
        self._mail_domain = mail_domain

    def get(self, a: str, channel_id: str) -> Channel:
        """Raises NotFound."""
        channel = self._channels.get(a, channel_id)
        if channel is None:
            raise NotFound("There is no such channel.")
        return channel

    def webhook_path(self, channel: Channel) -> str:
        """Where the channel's provider delivers, below the public address."""
        return f"/{self._rules(channel.type).webhook_folder}/{channel.id}"

    def page(self, a: str, limit: int, after: str | None) -> tuple[list[Channel], str | None]:
        """A page of channels, oldest first, and the last id when there may be more."""
        channels = self._channels.page(a, limit, after)
        return channels, channels[-1].id if len(channels) == limit else None

    def create(
        self,
        a: str,
        channel_type: str,
        name: str,
        department_id: str | None,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
    ) -> Channel:
        """Connect; without a department the default one. A setting may come among the secrets. Raises Invalid with
        pointers, Conflict `address_taken`."""
        try:
            rules = self._rules(channel_type)
        except NotFound as unknown:
            raise Invalid.field("/type", "unknown_type", unknown.detail) from None
        channel_id = self._ids.new("ch", a)
        own_settings, own_secrets = rules.made(channel_id, self._ids.secret)
        placed, given = _placed(rules, settings, secrets)
        self._check_flow(a, rules, placed)
        settings = _merged(own_settings, placed)
        kept: Secrets = {key: (value,) for key, value in {**own_secrets, **given}.items()}
        self._check(a, rules, settings, kept)
        channel = Channel(
            id=channel_id,
            type=channel_type,
            name=name,
            department_id=self._department(a, department_id or self._departments.default(a)),
            created_at=self._clock.now(),
            settings=settings,
            address=rules.account_address(settings) or "",
            problems=_problems(rules, settings, kept),
            directory=rules.address_directory,
        )
        channel = self._with_token(rules, channel, {}, kept)
        self._channels.create(a, channel, kept)
        return self._registered(a, channel, kept)

    def change(self, a: str, channel_id: str, changes: Mapping[str, Any]) -> Channel:
        """Change name, department_id, settings or secrets. Settings and secrets are merged by name, null takes one
        away; the two values before of a secret by which a provider signs hold for a day each, unless
        `end_former_secrets` is true.

        Raises Invalid with pointers, NotFound, Conflict `address_taken`, `channel_removed`."""
        fields = dict(changes)
        told_settings, told_secrets = fields.pop("settings", {}), fields.pop("secrets", {})
        at_once = fields.pop("end_former_secrets", False)
        if "department_id" in fields:
            fields["department_id"] = self._department(a, fields["department_id"])
        for _ in range(_TRIES):
            before = self.get(a, channel_id)
            if before.state == "removed":
                raise Conflict("The channel is removed: it stays as it is.", code="channel_removed")
            rules = self._rules(before.type)
            fixed, _ = rules.made(channel_id, self._ids.secret)
            news = {key: value for key, value in told_settings.items() if key not in fixed or fixed[key] != value}
            given_settings, given_secrets = _placed(rules, news, told_secrets)
            self._check_flow(a, rules, given_settings)
            settings = _merged(before.settings, given_settings)
            old = self._channels.secrets(a, channel_id)
            secrets, former = changed(old, before.former, given_secrets, rules.rotating, self._clock.now())
            if at_once:
                secrets, former = {name: values[:1] for name, values in secrets.items()}, {}
            self._check(a, rules, settings, secrets)
            after = replace(
                before,
                **fields,
                settings=settings,
                address=rules.account_address(settings) or "",
                problems=(*_noted(before), *_problems(rules, settings, secrets)),
                version=before.version + 1,
                former=former,
            )
            after = self._with_token(rules, after, old, secrets)
            if self._channels.change(a, before, after, secrets if secrets != old else None, now=self._clock.now()):
                return self._registered(a, after, secrets) if given_secrets or _is_unregistered(after) else after
        raise Busy(f"channel {channel_id}")

    def _registered(self, a: str, channel: Channel, secrets: Secrets) -> Channel:
        """The channel after its provider was asked for its webhooks; where that went wrong, with the problem. Whoever
        changes it meanwhile asks again."""
        wrong = self._registration.register(channel, secrets)
        if wrong is None and not _is_unregistered(channel):
            return channel
        problems = tuple(one for one in channel.problems if one.get("code") != _NOT_REGISTERED)
        if wrong is not None:
            problems += ({"code": _NOT_REGISTERED, "detail": wrong, "at": moment(self._clock.now())},)
        told = replace(channel, problems=problems, version=channel.version + 1)
        return told if self._channels.change(a, channel, told, None) else self.get(a, channel.id)

    def _with_token(self, rules: ChannelRules, channel: Channel, old: Secrets, secrets: Secrets) -> Channel:
        """The channel with what is known of its access token, which may be another one than before."""
        now, name, token = self._clock.now(), rules.token_secret or "", channel.token
        if not secrets.get(name):
            token = None
        elif secrets.get(name) != old.get(name):
            token = fresh(rules.token_life(secrets), now)
        return replace(
            channel, token=token, due_at=next_look(token, rules.token_min_age(channel.settings, secrets), now)
        )

    def _department(self, a: str, department_id: str | None) -> str:
        if department_id is None or not self._exists(a, department_id):
            raise Invalid.field("/department_id", *_UNKNOWN_DEPARTMENT)
        return department_id

    def _exists(self, a: str, department_id: str) -> bool:
        return is_id(department_id, "dp", a) and self._departments.get(a, department_id) is not None

    def _check_flow(self, a: str, rules: ChannelRules, given: Mapping[str, Any]) -> None:
        """The channel's own flow is a published one. One that goes later is told on the channel by the next chat that
        it was to lead."""
        flow_id = given.get("entry_flow_id")
        if flow_id is not None and not rules.writes:
            detail = "Nothing can be written on such a channel, so no flow can lead its chats."
            _refuse([FieldError("/settings/entry_flow_id", "no_flows", detail)])
        if flow_id is not None and not (is_id(flow_id, "fl", a) and self._flows.published(a, flow_id)):
            detail = "There is no such flow, or it was never published."
            _refuse([FieldError("/settings/entry_flow_id", "not_found", detail)])

    def _check(self, a: str, rules: ChannelRules, settings: Mapping[str, Any], secrets: Secrets) -> None:
        _refuse(rules.validate(settings, secrets))
        _refuse(rules.misplaced(settings, self._mail_domain))
        named = rules.departments(settings)
        known = {one for one in {department_id for _, department_id in named} if self._exists(a, one)}
        _refuse([FieldError(pointer, *_UNKNOWN_DEPARTMENT) for pointer, one in named if one not in known])


def _merged(old: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**old, **given}.items() if value is not None}


def _placed(
    rules: ChannelRules, settings: Mapping[str, Any], secrets: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings and secrets where they belong. Raises Invalid for names that a channel does not have."""
    placed, kept, errors = rules.place(settings, secrets)
    _refuse(errors)
    return placed, kept


def _refuse(errors: Sequence[FieldError]) -> None:
    """Raise Invalid with the errors, if there are any; the first is its sentence too."""
    if errors:
        raise Invalid(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _is_unregistered(channel: Channel) -> bool:
    return any(one.get("code") == _NOT_REGISTERED for one in channel.problems)


def _noted(channel: Channel) -> tuple[Mapping[str, Any], ...]:
    """Problems that traffic showed: those that point at no setting."""
    return tuple(one for one in channel.problems if "pointer" not in one)


def _problems(rules: ChannelRules, settings: Mapping[str, Any], secrets: Secrets) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in rules.problems(settings, secrets)
    )
