"""Stripe's billing periods: counted from the subscription's anchor, cut where the subscription ends."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from parity_pipeline.sandbox.facts import Customer

_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """One billing period, `end` not included. `whole_end` is where it ends when nothing cuts it short."""

    anchor: datetime
    months: int
    number: int
    start: datetime
    end: datetime
    whole_end: datetime

    @property
    def is_cut(self) -> bool:
        """Whether the subscription ended inside it."""
        return self.end < self.whole_end

    def following(self) -> "Period":
        """The whole period after it."""
        end = months_after(self.anchor, (self.number + 1) * self.months)
        return Period(self.anchor, self.months, self.number + 1, self.whole_end, end, end)


def months_after(anchor: datetime, months: int) -> datetime:
    """The anchor's day and time so many months later, or earlier; a short month has its last day instead."""
    years, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    longest = monthrange(years, month + 1)[1]
    return anchor.replace(year=years, month=month + 1, day=min(anchor.day, longest))


def months_of(customer: Customer) -> int:
    """How many months a billing period of this customer has."""
    return _MONTHS[customer.interval]


def begun_periods(customer: Customer, now: datetime) -> list[Period]:
    """The periods that have begun by now, oldest first, and at least the first."""
    return list(_periods(customer, now))


def has_left(customer: Customer, now: datetime) -> bool:
    """Whether the subscription has ended by now."""
    return customer.ended_at is not None and customer.ended_at <= now


def _periods(customer: Customer, now: datetime) -> Iterator[Period]:
    leaves = customer.ended_at if has_left(customer, now) else None
    anchor, months = customer.started_at, months_of(customer)
    whole_end = months_after(anchor, months)
    period = Period(
        anchor, months, 1, anchor, whole_end if leaves is None else min(whole_end, leaves), whole_end
    )
    while True:
        yield period
        following = period.following()
        if following.start > now or (leaves is not None and leaves <= following.start):
            return
        end = following.whole_end if leaves is None else min(following.whole_end, leaves)
        period = Period(anchor, months, following.number, following.start, end, following.whole_end)
