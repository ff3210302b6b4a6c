"""Stripe's ids of what belongs to one customer's subscription."""

from parity_pipeline.sandbox.facts import Customer


def subscription_id(customer: str) -> str:
    """The subscription of a customer."""
    return f"sub_{customer}"


def schedule_id(customer: Customer) -> str:
    """The schedule of a subscription whose price changes."""
    return f"sub_sched_{customer.key}"


def item_id(customer: str, charge: str) -> str:
    """The subscription item of a charge."""
    return f"si_{customer}_{charge}"


def discount_id(customer: Customer) -> str | None:
    """The discount on the whole subscription, when it has one."""
    return f"di_{customer.key}" if customer.discount_percent else None


def item_discount_id(customer: Customer, charge: str) -> str | None:
    """The discount on the subscription item of a charge, when it has one."""
    return f"di_{customer.key}_{charge}" if customer.item_discounts.get(charge) else None
