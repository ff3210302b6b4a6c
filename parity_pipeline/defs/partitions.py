"""The partitions: one UTC day each. The partition of day D is the run as of the end of that day."""

from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg

DAILY: Final = dg.DailyPartitionsDefinition(start_date="2024-01-01", timezone="UTC")


def as_of(partition_key: str) -> datetime:
    """The instant of a partition's run: 00:00 UTC of the day after."""
    return datetime.fromisoformat(partition_key).replace(tzinfo=UTC) + timedelta(days=1)
