"""When a clock on a wall shows something: from a day and a minute of an account's calendar to a moment (UTC). Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

MINUTES_OF_DAY = 1440


def clock_minute(text: str) -> int:
    """ "HH:MM" as minutes of the day; "24:00" is 1440."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_text(minute: int) -> str:
    """Minutes of the day as "HH:MM"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def day_of(zone: tzinfo, at: datetime) -> date:
    """The day that the calendar shows at a moment."""
    return at.astimezone(zone).date()


def moment(day: date, minute: int, zone: tzinfo) -> datetime:
    """When the clock first shows a minute of a day (1440: the next midnight), UTC; the end of the gap when it is put
    forward over that minute."""
    shown = datetime.combine(day, time.min) + timedelta(minutes=minute)
    found = shown.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == shown:
        return found
    return _end_of_gap(shown, zone)


def _end_of_gap(shown: datetime, zone: tzinfo) -> datetime:
    """The moment at which the clock is put forward over `shown`, to the second."""
    before = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)
