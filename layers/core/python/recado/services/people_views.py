"""The public shapes of accounts, users, departments, members, tokens and channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from recado.domain.channels import Channel
from recado.domain.credentials import ApiToken
from recado.domain.people import Account, Membership
from recado.domain.tokens import state_of
from recado.domain.wall_clock import clock_text
from recado.services.department_turns import DepartmentTurns
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
        "phone": seen.user.phone,
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
            "last_agent_first": department.last_agent_first,
            "when_agent_gone": department.when_agent_gone,
        },
        "timers": {
            "max_automatic_s": department.max_automatic_s,
            "close_idle_after_s": department.close_idle_after_s,
        },
        "reopening": {
            "policy": department.reopening.policy,
            "within_hours": department.reopening.within_hours,
            "by_customer": department.reopening.by_customer,
        },
        "business_hours": None
        if department.business_hours is None
        else [
            {"day": one.day, "from": clock_text(one.start), "to": clock_text(one.end)}
            for one in department.business_hours
        ],
        "holidays": [day.isoformat() for day in department.holidays],
        "away_message": department.away_message,
        "tabulation_required": department.tabulation_required,
        "created_at": moment(department.created_at),
    }


def turns_view(turns: DepartmentTurns) -> dict[str, Any]:
    """A department's distribution as it stands."""
    return {
        "enabled": turns.department.distribution_enabled,
        "open": turns.open,
        "opens_at": moment(turns.opens_at),
        "next_agent_id": turns.next_agent_id,
        "turn": turns.turn,
        "last_agent_id": turns.last_agent_id,
        "waiting": turns.waiting,
        "waiting_more": turns.more,
        "oldest_waiting_at": moment(turns.oldest_waiting_at),
        "members": [
            {
                "user_id": one.agent.user_id,
                "name": one.name,
                "position": one.membership.position,
                "outcome": one.outcome,
                "presence": one.agent.presence,
                "pause_reason": one.agent.pause_reason,
                "connected": one.agent.connected,
                "load": one.agent.load,
                "cap": one.agent.cap,
            }
            for one in turns.members
        ],
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


def channel_view(channel: Channel, webhook_url: str, now: datetime) -> dict[str, Any]:
    """A channel without its secrets. `webhook_url` is what its provider is to be told."""
    token = channel.token
    return {
        "id": channel.id,
        "type": channel.type,
        "name": channel.name,
        "department_id": channel.department_id,
        "settings": dict(channel.settings),
        "state": channel.state,
        "token": {"state": state_of(token, now), "expires_at": moment(token.expires_at) if token else None},
        "former_secrets": {name: moment(max(ends)) for name, ends in channel.former.items() if now < max(ends)},
        "problems": [*(dict(one) for one in channel.problems), *_token_problems(channel, now)],
        "webhook_url": webhook_url,
        "created_at": moment(channel.created_at),
    }


def _token_problems(channel: Channel, now: datetime) -> list[dict[str, Any]]:
    """What the clock says of the channel's access token."""
    state = state_of(channel.token, now)
    if channel.token is None or channel.token.expires_at is None or state not in ("expiring", "expired"):
        return []
    ends = moment(channel.token.expires_at)
    detail = (
        f"The access token ends at {ends}: renew it, or give a new one."
        if state == "expiring"
        else f"The access token ended at {ends}: nothing can be sent until a new one is given."
    )
    return [{"code": f"token_{state}", "detail": detail, "pointer": "/secrets/access_token"}]
