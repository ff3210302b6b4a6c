"""Metronome's calendar: whole hours, and months counted from an anchor. No billing rules."""

from calendar import monthrange
from datetime import datetime


def whole_hour(moment: datetime) -> datetime:
    """The hour that an instant lies in; contracts, rates and periods begin on whole hours."""
    return moment.replace(minute=0, second=0, microsecond=0)


def months_after(anchor: datetime, months: int) -> datetime:
    """The anchor's day and hour `months` later, or the last day of a month that is too short for it.

    Always counted from the anchor itself: after a 28 February the 31st comes back.
    """
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    last_day = monthrange(year, month + 1)[1]
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, last_day))
