"""Every row that the six parity tables must hold after a run against a world, and what its verdict rests on.

The run is one with the sandbox's own configuration (`server.write_configuration`), at the world's `now`.
"""

from collections.abc import Iterator

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.judgement import Evidence, Judgement, judge
from parity_pipeline.sandbox.truth.coverage import coverage_rows
from parity_pipeline.sandbox.truth.group_values import group_value_rows
from parity_pipeline.sandbox.truth.ingestion import ingestion_rows
from parity_pipeline.sandbox.truth.invoices import invoice_rows
from parity_pipeline.sandbox.truth.periods import billing_cycles
from parity_pipeline.sandbox.truth.rows import TruthRow
from parity_pipeline.sandbox.truth.scene import Scene
from parity_pipeline.sandbox.world import World
from parity_pipeline.setting_sections import Thresholds


def truth_rows(world: World, *, settings: Thresholds | None = None) -> tuple[TruthRow, ...]:
    """The rows of all six tables; `settings` are the thresholds, the defaults unless given."""
    return _rows(Scene(world, settings or Thresholds()))


def evidence(world: World) -> Evidence:
    """What the verdict rests on besides the rows."""
    return _evidence(Scene(world, Thresholds()))


def judge_world(world: World, *, settings: Thresholds | None = None) -> Judgement:
    """The verdict that a world deserves."""
    scene = Scene(world, settings or Thresholds())
    return judge(_rows(scene), thresholds=scene.terms.thresholds, as_of=world.now, evidence=_evidence(scene))


def _rows(scene: Scene) -> tuple[TruthRow, ...]:
    return (
        *invoice_rows(scene),
        *coverage_rows(scene),
        *ingestion_rows(scene),
        *group_value_rows(scene),
    )


def _evidence(scene: Scene) -> Evidence:
    at_start: dict[str, set[str]] = {account: set() for account in scene.world.company.accounts}
    for customer in scene.world.stripe.customers.values():
        if _was_there(scene, customer) and (customer.interval == "month" or _can_settle(scene, customer)):
            at_start[customer.account].add(ids.stripe_customer(customer.key))
    return Evidence(
        at_start={account: frozenset(customers) for account, customers in at_start.items()},
        safety=tuple(sorted(set(_safety(scene)))),
    )


def _was_there(scene: Scene, customer: Customer) -> bool:
    """Whether there was a metered subscription when the parallel run began."""
    start = scene.terms.start
    has_left = customer.ended_at is not None and customer.ended_at <= start
    return bool(customer.charges) and customer.started_at <= start and not has_left


def _can_settle(scene: Scene, customer: Customer) -> bool:
    """Whether a billing period in scope is over and settled, if all goes well."""
    return any(
        scene.in_scope(cycle) and scene.terms.is_settled("invoice_totals", cycle.end)
        for cycle in billing_cycles(customer, scene.terms.as_of)
    )


def _safety(scene: Scene) -> Iterator[tuple[str, str]]:
    """What must not happen while Stripe bills the customer itself: the cause, and Stripe's id."""
    for invoice in scene.pushed:
        yield "double_billing", ids.stripe_customer(invoice.customer)
    for contract in scene.metronome.all_contracts:
        if contract.has_auto_recharge or contract.has_spend_threshold:
            yield "auto_charge_enabled", ids.stripe_customer(contract.customer.key)
