"""Events as the API shows them."""

from parity_pipeline.sandbox.facts import Customer, UsageEvent
from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.catalogue import Metric
from parity_pipeline.sandbox.metronome_side.catalogue_json import metric_json
from parity_pipeline.sandbox.metronome_side.wire import Json


def event_json(
    event: UsageEvent, customer: Customer | None, metric: Metric | None, *, is_duplicate: bool
) -> Json:
    """An event as it was sent, and what it was matched with; nothing for an unknown customer."""
    value = str(event.value) if event.sent_value is None else event.sent_value
    shown: Json = {
        "id": metronome_id("event", event.event_id, event.received_at.isoformat()),
        "transaction_id": event.event_id,
        "customer_id": f"customer-{event.customer}",
        "event_type": event.event_name,
        "timestamp": event.at,
        "properties": {**event.properties, "value": value},
        "processed_at": event.received_at,
        "is_duplicate": is_duplicate,
        "matched_billable_metrics": [metric_json(metric)] if metric else [],
    }
    if customer is not None:
        shown["matched_customer"] = {"id": metronome_customer(customer.key), "name": customer.name}
    return shown
