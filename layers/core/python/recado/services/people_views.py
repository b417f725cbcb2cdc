"""The public shapes of accounts, users, departments, members, tokens and channels."""

from __future__ import annotations

from typing import Any

from recado.domain.channels import Channel
from recado.domain.credentials import ApiToken
from recado.domain.people import Account, Membership
from recado.services.departments import SeenDepartment
from recado.services.users import SeenUser
from recado.services.views import moment


def account_view(account: Account) -> dict[str, Any]:
    """An account."""
    return {
        "id": account.id,
        "name": account.name,
        "plan": account.plan,
        "seats": account.seats,
        "locale": account.locale,
        "time_zone": account.time_zone,
        "trial_ends_at": moment(account.trial_ends_at),
        "paid_until": moment(account.paid_until),
        "created_at": moment(account.created_at),
    }


def user_view(seen: SeenUser) -> dict[str, Any]:
    """A user with presence: what they chose, whether a lease lives, and the chats in service."""
    return {
        "id": seen.user.id,
        "name": seen.user.name,
        "email": seen.user.email,
        "role": seen.user.role,
        "max_chats": seen.user.max_chats,
        "presence": {
            "status": seen.agent.presence,
            "reason": seen.agent.pause_reason,
            "connected": seen.agent.connected,
            "load": seen.agent.load,
        },
        "department_ids": sorted(seen.agent.memberships),
        "created_at": moment(seen.user.created_at),
    }


def department_view(seen: SeenDepartment) -> dict[str, Any]:
    """A department."""
    department = seen.department
    return {
        "id": department.id,
        "name": department.name,
        "default": seen.default,
        "access": department.access,
        "distribution": {
            "enabled": department.distribution_enabled,
            "overflow_after_s": department.overflow_after_s,
            "overflow_department_id": department.overflow_department_id,
        },
        "created_at": moment(department.created_at),
    }


def member_view(user_id: str, membership: Membership) -> dict[str, Any]:
    """A member of a department."""
    return {
        "user_id": user_id,
        "agent": membership.agent,
        "supervisor": membership.supervisor,
        "unavailable": membership.unavailable,
        "position": membership.position,
    }


def api_token_view(token: ApiToken) -> dict[str, Any]:
    """An API token without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_by": token.created_by,
        "created_at": moment(token.created_at),
    }


def channel_view(channel: Channel, base_url: str) -> dict[str, Any]:
    """A channel without its secrets. `webhook_url` is what its provider is to be told."""
    return {
        "id": channel.id,
        "type": channel.type,
        "name": channel.name,
        "department_id": channel.department_id,
        "settings": dict(channel.settings),
        "state": channel.state,
        "token": {"state": "none", "expires_at": None},
        "problems": [dict(one) for one in channel.problems],
        "webhook_url": f"{base_url}/webhooks/{channel.id}",
        "created_at": moment(channel.created_at),
    }
