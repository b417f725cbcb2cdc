"""/socket: where pages of an online chat are told that there is something new.

A browser can send no header with a socket, and URLs are logged on the way; so a page opens it with a ticket that is
good once and for a minute, and that its session gave it.
"""

from __future__ import annotations

from collections.abc import Mapping

from recado.api.problems import problem_of
from recado.bootstrap import Container
from recado.domain.chats import ThreadKey
from recado.domain.ids import account_of
from recado.domain.sockets import listener_of


def serve(
    route: str, connection_id: str, headers: Mapping[str, str], query: Mapping[str, str], services: Container
) -> int:
    """The status that answers an event of a connection; one of $connect that is not 200 refuses it. Header names are
    lower case. What a page says is not listened to: it keeps the connection open. Never raises."""
    try:
        if route == "$connect":
            ticket = services.widget_sessions.ticket(query.get("ticket", ""), headers.get("origin"))
            listener = listener_of(ThreadKey(ticket.channel_id, ticket.key))
            account = account_of(ticket.channel_id) or ""
            services.sockets.open(account, listener, connection_id, ticket.mark, ticket.ends_at)
        elif route == "$disconnect":
            services.sockets.close(connection_id)
    except Exception as error:  # whatever it is, API Gateway gets a status and the log a line
        return problem_of(error, "/socket").status
    return 200
