"""The identifiers of the pretend company in both pretend vendors; names only, no rules.

The mapping files and the links between the two sides need both, so they are made in one place.
"""

from uuid import UUID, uuid5

from parity_pipeline.sandbox.facts import Charge

_NAMESPACE = UUID("6d9c6a8e-2f0b-4f9e-9c39-3b4f0f1d7a10")


def stripe_customer(key: str) -> str:
    """Stripe's id of a customer."""
    return f"cus_{key}"


def stripe_event_name(charge: Charge) -> str:
    """The meter that a charge is measured by; a dimension value has a meter of its own in Stripe."""
    return charge.event_name if charge.dimension is None else f"{charge.event_name}_{charge.dimension_value}"


def stripe_price(charge: Charge, currency: str) -> str:
    """Stripe's id of a charge's metered price in a currency."""
    return f"price_{charge.key}_{currency}"


def metronome_id(kind: str, *parts: str) -> str:
    """A stable UUID for a Metronome object: its kind and what it belongs to."""
    return str(uuid5(_NAMESPACE, ":".join((kind, *parts))))


def metronome_customer(key: str) -> str:
    """Metronome's id of a customer."""
    return metronome_id("customer", key)


def metronome_metric(charge: Charge) -> str:
    """The billable metric that counts a charge's events; one for each event name."""
    return metronome_id("metric", charge.event_name)


def metronome_product(charge: Charge) -> str:
    """The usage product on that metric; a charge beside another has one of its own."""
    return metronome_id("product", charge.event_name, *((charge.key,) if charge.beside else ()))


def stripe_account(account: str) -> str:
    """Stripe's id of an account."""
    return f"acct_{account}"


def metronome_flat_fee_product(charge: Charge) -> str:
    """The product that carries the flat fee of a charge's tiers."""
    return metronome_id("product", charge.event_name, "flat-fee")
