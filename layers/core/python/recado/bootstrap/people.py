"""Accounts, users, sessions, departments, agents and channels."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.platform import Platform

if TYPE_CHECKING:
    from recado.channels.registration import ProviderRegistration
    from recado.domain.channels import Channel
    from recado.ports.agents import AgentStore
    from recado.ports.idempotency import IdempotencyStore
    from recado.ports.people import AccountStore, ApiTokenStore, CredentialStore, Passwords, SessionStore, UserStore
    from recado.services.account_zones import AccountZones
    from recado.services.accounts import AccountService
    from recado.services.alerts import AlertService
    from recado.services.api_tokens import ApiTokenService
    from recado.services.authentication import Authentication
    from recado.services.channel_tokens import ChannelTokens
    from recado.services.channels import ChannelService
    from recado.services.departments import DepartmentService
    from recado.services.opening_hours import OpeningHours
    from recado.services.presence import PresenceService
    from recado.services.reconciler import Reconciler
    from recado.services.references import References
    from recado.services.sessions import SessionService
    from recado.services.supervision import SupervisionService
    from recado.services.task_upkeep import TaskUpkeep
    from recado.services.users import UserService
    from recado.storage.channels import ChannelStore
    from recado.storage.departments import DepartmentStore


class People(Platform):
    """Accounts, users, sessions, departments, agents and channels."""

    @cached_property
    def account_zones(self) -> AccountZones:
        """Time zones of accounts."""
        from recado.services.account_zones import AccountZones

        return AccountZones(self.accounts, self.clock)

    @cached_property
    def idempotency(self) -> IdempotencyStore:
        """Kept answers of POSTs."""
        from recado.storage.idempotency import DynamoIdempotency

        return DynamoIdempotency(self.ids)

    @cached_property
    def passwords(self) -> Passwords:
        """Slow hashes."""
        from recado.passwords import Argon2Passwords

        return Argon2Passwords()

    @cached_property
    def accounts(self) -> AccountStore:
        """Accounts."""
        from recado.storage.people import AccountStore

        return AccountStore()

    @cached_property
    def users(self) -> UserStore:
        """Users."""
        from recado.storage.people import UserStore

        return UserStore()

    @cached_property
    def sessions(self) -> SessionStore:
        """Sessions and seats."""
        from recado.storage.sessions import SessionStore

        return SessionStore()

    @cached_property
    def api_tokens(self) -> ApiTokenStore:
        """API tokens."""
        from recado.storage.people import ApiTokenStore

        return ApiTokenStore()

    @cached_property
    def credentials(self) -> CredentialStore:
        """Sessions and API tokens with whom they belong to."""
        from recado.storage.credentials import CredentialStore

        return CredentialStore()

    @cached_property
    def departments(self) -> DepartmentStore:
        """Departments."""
        from recado.storage.departments import DepartmentStore

        return DepartmentStore()

    @cached_property
    def channels(self) -> ChannelStore:
        """Channels, their secrets and addresses."""
        from recado.storage.channels import ChannelStore

        return ChannelStore()

    @cached_property
    def agents(self) -> AgentStore:
        """Agents, leases, members and rings."""
        from recado.storage.agents import AgentStore

        return AgentStore()

    @cached_property
    def presence(self) -> PresenceService:
        """Presence, connection, caps and memberships."""
        from recado.services.presence import PresenceService

        return PresenceService(self.agents, self.waker, self.clock)

    @cached_property
    def account_service(self) -> AccountService:
        """Sign-up and the account."""
        from recado.services.accounts import AccountService

        return AccountService(self.accounts, self.passwords, self.presence, self.task_upkeep, self.clock, self.ids)

    @cached_property
    def task_upkeep(self) -> TaskUpkeep:
        """Tasks when something else changes."""
        from recado.services.task_upkeep import TaskUpkeep
        from recado.storage.tasks import DynamoTasks

        return TaskUpkeep(DynamoTasks(), self.departments, self.clock, self.ids)

    @cached_property
    def session_service(self) -> SessionService:
        """Log-in, log-out and seats."""
        from recado.services.sessions import SessionService

        return SessionService(
            self.sessions, self.accounts, self.users, self.passwords, self.presence, self.clock, self.ids
        )

    @cached_property
    def authentication(self) -> Authentication:
        """Bearer tokens."""
        from recado.services.authentication import Authentication

        return Authentication(self.credentials, self.session_service, self.clock)

    @cached_property
    def user_service(self) -> UserService:
        """Users with their presence."""
        from recado.services.users import UserService

        return UserService(
            self.users, self.session_service, self.passwords, self.presence, self.references, self.clock, self.ids
        )

    @cached_property
    def references(self) -> References:
        """What names a thing that is to be deleted."""
        from recado.services.flow_finder import FlowFinder
        from recado.services.references import References
        from recado.services.task_finder import TaskFinder, TriggerFinder
        from recado.storage.flows import DynamoFlows
        from recado.storage.tasks import DynamoTasks
        from recado.storage.triggers import DynamoTriggers

        return References(FlowFinder(DynamoFlows()), TaskFinder(DynamoTasks()), TriggerFinder(DynamoTriggers()))

    @cached_property
    def department_service(self) -> DepartmentService:
        """Departments and members."""
        from recado.channels.registry import adapter
        from recado.services.departments import DepartmentService

        def named_by(channel: Channel) -> list[str]:
            return [one for _, one in adapter(channel.type).departments(channel.settings)]

        return DepartmentService(
            self.departments,
            self.users,
            self.channels,
            self.presence,
            self.waker,
            self.references,
            self.clock,
            self.ids,
            named_by,
        )

    @cached_property
    def alert_service(self) -> AlertService:
        """What supervisors have to know."""
        from recado.services.alerts import AlertService
        from recado.storage.alerts import AlertStore

        return AlertService(AlertStore(), self.departments)

    @cached_property
    def supervision_service(self) -> SupervisionService:
        """Who follows single users."""
        from recado.services.supervision import SupervisionService

        return SupervisionService(self.users, self.presence)

    @cached_property
    def opening_hours(self) -> OpeningHours:
        """Whether departments are open now."""
        from recado.services.opening_hours import OpeningHours

        return OpeningHours(self.accounts, self.clock)

    @cached_property
    def reconciler(self) -> Reconciler:
        """Checks of departments."""
        from recado.journal import LoggedDrifts
        from recado.services.reconciler import Reconciler
        from recado.storage.reconciliation import DynamoReconciliation

        return Reconciler(DynamoReconciliation(), self.agents, self.departments, self.waker, self.clock, LoggedDrifts())

    @cached_property
    def api_token_service(self) -> ApiTokenService:
        """API tokens, shown once."""
        from recado.services.api_tokens import ApiTokenService

        return ApiTokenService(self.api_tokens, self.clock, self.ids)

    @cached_property
    def channel_service(self) -> ChannelService:
        """Connecting channels."""
        from recado.channels.registry import adapter
        from recado.services.channels import ChannelService
        from recado.storage.flows import DynamoFlows

        return ChannelService(
            self.channels,
            self.departments,
            adapter,
            self.provider_registration,
            self.clock,
            self.ids,
            DynamoFlows(),
            self.settings.mail_domain,
        )

    @cached_property
    def channel_tokens(self) -> ChannelTokens:
        """Access tokens of channels."""
        from recado.channels.provider_tokens import AdapterTokens
        from recado.outside.http import OutsideHttp
        from recado.services.channel_tokens import ChannelTokens

        return ChannelTokens(
            self.channels,
            self.channels,
            AdapterTokens(OutsideHttp(), self.provider_addresses),
            self.clock,
            self.ids,
            lambda one: self.settings.public_base_url + self.channel_service.webhook_path(one),
        )

    @cached_property
    def provider_registration(self) -> ProviderRegistration:
        """Having providers send their webhooks here, and no more."""
        from recado.channels.registration import ProviderRegistration
        from recado.outside.http import OutsideHttp

        return ProviderRegistration(OutsideHttp(), self.provider_addresses, self.settings.public_base_url)
