"""The management API of the socket API: what is posted to a connection by its id comes out at the page."""

from __future__ import annotations

from recado.aws.session import socket_management


class ApiGatewaySockets:
    """The port `recado.ports.sockets.SocketLine`. `url`: of the socket API's stage, https://…, without a final
    slash."""

    def __init__(self, url: str) -> None:
        self._url = url

    def post(self, connection_id: str, data: bytes) -> bool:
        """One request and no second one: a hint that is late is none."""
        client = socket_management(self._url)
        try:
            client.post_to_connection(ConnectionId=connection_id, Data=data)
        except client.exceptions.GoneException:
            return False
        return True
