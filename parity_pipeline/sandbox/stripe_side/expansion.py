"""The `expand` parameter: ids become objects, and fields that are hidden by default appear."""

from collections.abc import Callable
from typing import Any

from parity_pipeline.sandbox.stripe_side.errors import StripeError
from parity_pipeline.sandbox.stripe_side.shelf import Json

_DEEPEST = 4
_HIDDEN = frozenset({"tiers", "currency_options", "applies_to"})


class Expander:
    """Expands copies; the objects handed in stay as they are."""

    def __init__(self, find: Callable[[str], Json | None], hidden: dict[str, Json]) -> None:
        self._find = find
        self._hidden = hidden

    def expand(self, item: Json, paths: tuple[str, ...], *, in_list: bool) -> Json:
        """One object with every path expanded; paths into a list's objects begin with `data.`."""
        for path in paths:
            names = path.split(".")
            if len(names) > _DEEPEST:
                raise _refused(path)
            if in_list and names[0] != "data":
                raise _refused(path)
            item = self._grown(item, names[1:] if in_list else names, path)
        return item

    def _grown(self, value: Any, names: list[str], path: str) -> Any:  # noqa: ANN401  # any JSON value
        if isinstance(value, list):
            return [self._grown(each, names, path) for each in value]
        if isinstance(value, str):
            value = self._find(value)
            if value is None:
                raise _refused(path)
        if value is None or not names:
            return value
        if not isinstance(value, dict):
            raise _refused(path)
        head = names[0]
        if head in _HIDDEN:
            return {**value, **self._hidden.get(str(value.get("id")), {})}
        if head not in value:
            raise _refused(path)
        return {**value, head: self._grown(value[head], names[1:], path)}


def _refused(path: str) -> StripeError:
    return StripeError(400, f"This property cannot be expanded ({path}).", param="expand")
