"""The online chat as visitors meet it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.messaging import Messaging

if TYPE_CHECKING:
    from recado.ports.widget import RateLimits
    from recado.services.widget_clicks import WidgetClicks
    from recado.services.widget_messages import WidgetMessages
    from recado.services.widget_sessions import WidgetSessions
    from recado.services.widget_triggers import WidgetTriggers


class Widgets(Messaging):
    """The online chat as visitors meet it."""

    @cached_property
    def rate_limits(self) -> RateLimits:
        """How often somebody may do something."""
        from recado.storage.rate_limits import DynamoRateLimits

        return DynamoRateLimits()

    @cached_property
    def widget_sessions(self) -> WidgetSessions:
        """Sessions of visitors."""
        from recado.services.widget_sessions import WidgetSessions

        has_sockets, base = bool(self.settings.sockets_url), self.settings.public_base_url
        sockets_at = f"ws{base.removeprefix('http')}/socket" if has_sockets else None
        return WidgetSessions(self.channel_directory, self.rate_limits, self.clock, self.ids, sockets_at)

    @cached_property
    def widget_triggers(self) -> WidgetTriggers:
        """What pages show by themselves."""
        from recado.services.widget_triggers import WidgetTriggers
        from recado.storage.files import DynamoFiles
        from recado.storage.triggers import DynamoTriggers

        return WidgetTriggers(DynamoTriggers(), DynamoFiles(), self.file_service, self.clock)

    @cached_property
    def widget_clicks(self) -> WidgetClicks:
        """What visitors write, by clicks too."""
        from recado.services.widget_clicks import WidgetClicks

        return WidgetClicks(
            self.widget_messages, self.widget_triggers, self.flow_library, self.flow_starting, self.chats
        )

    @cached_property
    def widget_messages(self) -> WidgetMessages:
        """What visitors write and read."""
        from recado.services.widget_messages import WidgetMessages
        from recado.storage.statuses import DynamoStatuses
        from recado.storage.thread_pointers import DynamoThreadPointers
        from recado.storage.threads import DynamoThreads
        from recado.storage.visitor_messages import DynamoThreadMessages

        return WidgetMessages(
            self.intake,
            DynamoThreads(),
            DynamoThreadMessages(),
            DynamoStatuses(),
            self.file_service,
            DynamoThreadPointers(),
            self.users,
            self.rate_limits,
            self.clock,
        )
