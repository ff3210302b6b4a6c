"""Causes where a meter is one value of a metric's groups, and Metronome's events spell it otherwise."""

import stripe_objects as stripe
from scene import Scene


def _used(scene: Scene, *others: str) -> None:
    """Stripe counts 10 tokens on a day, Metronome 6 under the meter's value and 3 under each other one."""
    scene.link_meter("tokens", "bm_tokens", '{"model":"gpt"}')
    scene.customer("a")
    scene.metered("a", "10", None)
    scene.grouped("a", "6", {"model": "gpt"})
    for value in others:
        scene.grouped("a", "3", {"model": value})


def _shares(scene: Scene) -> dict[object, object]:
    return dict(scene.told("explain.usage_causes", "cause", "share", meter="tokens"))  # type: ignore[arg-type]


def test_usage_under_a_misspelt_value_is_not_missing(scene: Scene) -> None:
    """3 of the 4 that lack are there under another spelling; one is lost."""
    _used(scene, "GPT ")
    assert _shares(scene) == {"group_value_case": -3, "events_missing": -1}
    ((evidence,),) = scene.told("explain.usage_causes", "evidence", cause="group_value_case")
    assert evidence == (
        'Metronome has 3 of it under {"model":"GPT "}, which differs from the meter\'s values only in case or'
        " spaces."
    )


def test_no_more_is_found_than_is_missing(scene: Scene) -> None:
    """Two spellings hold 6, and only 4 lack."""
    _used(scene, "GPT", "gpt ")
    assert _shares(scene) == {"group_value_case": -4}


def test_another_value_is_not_a_misspelt_one(scene: Scene) -> None:
    """It is another model."""
    _used(scene, "gpt-4")
    assert _shares(scene) == {"events_missing": -4}


def test_a_value_of_another_meter_is_not_misspelt(scene: Scene) -> None:
    """Both spellings are mapped, each to a meter of its own."""
    scene.stripe_catalogue("capitals")
    scene.link_meter("capitals", "bm_tokens", '{"model":"GPT"}')
    _used(scene, "GPT")
    assert _shares(scene) == {"events_missing": -4}


def test_an_invoice_lacks_what_is_misspelt(scene: Scene) -> None:
    """The quantity and the money follow the usage."""
    _used(scene, "gpt ")
    scene.stripe_invoice("a", stripe.line(10, 10))
    found = scene.told("explain.quantity_causes", "cause", "share")
    assert dict(found) == {"invoice_missing": -6, "group_value_case": -3, "events_missing": -1}  # type: ignore[arg-type]
