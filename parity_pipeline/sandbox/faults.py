"""What can go wrong in a migration, by name, and how to bring it about in a world."""

from collections.abc import Iterable

from parity_pipeline.sandbox.fault_contracts import CONTRACT_FAULTS, HARMLESS
from parity_pipeline.sandbox.fault_credits import CREDIT_FAULTS
from parity_pipeline.sandbox.fault_events import EVENT_FAULTS
from parity_pipeline.sandbox.fault_model import Fault, Size
from parity_pipeline.sandbox.fault_prices import PRICE_FAULTS
from parity_pipeline.sandbox.fault_products import PRODUCT_FAULTS
from parity_pipeline.sandbox.world import World

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        *HARMLESS,
        *EVENT_FAULTS,
        *CONTRACT_FAULTS,
        *PRODUCT_FAULTS,
        *PRICE_FAULTS,
        *CREDIT_FAULTS,
    )
}


def apply_faults(world: World, names: Iterable[str]) -> dict[str, set[str]]:
    """Bring faults about, one after the other; returns the keys of the customers that each hit, by its name.

    A fault is named as `name`, or as `name:reach-amount` for a size that is not its default. An unknown name
    or size is refused before any is brought about.
    """
    chosen = [fault_and_size(name) for name in names]
    hit: dict[str, set[str]] = {}
    for fault, size in chosen:
        hit.setdefault(fault.name, set()).update(fault.apply(world, size))
    return hit


def fault_and_size(text: str) -> tuple[Fault, Size | None]:
    """The fault that a text names, with its size; None where it takes none."""
    name, _, wanted = text.partition(":")
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"no such fault: {name}")
    if ":" not in text:
        return fault, fault.default_size
    sizes = {str(size): size for size in fault.sizes}
    if wanted not in sizes:
        raise ValueError(
            f"{name} has no size {wanted or 'without a name'}; it has {', '.join(sizes) or 'none'}"
        )
    return fault, sizes[wanted]
