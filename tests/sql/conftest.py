"""The scenes of the SQL tests: an empty one for a test, and a maker for those that a module shares."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Tokens on both sides and nobody who uses them; from 1 September, as of 10 November."""
    made = Scene(tmp_path)
    made.catalogue()
    yield made
    made.close()


@pytest.fixture(scope="module")
def make_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Scene]]:
    """Makes scenes that live as long as the module's tests."""
    made: list[Scene] = []
    numbers = count()

    def make(**options: str) -> Scene:
        folder: Path = tmp_path_factory.mktemp(f"scene{next(numbers)}")
        made.append(Scene(folder, **options))
        made[-1].catalogue()
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def make_accounts(tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    """Makes a scene of the accounts us and eu, tokens in both; it goes on in us."""
    scenes: list[Scene] = []

    def made(config: str) -> Scene:
        scene = Scene(tmp_path, config=config)
        scenes.append(scene)
        scene.environment["OTHER_TOKEN"] = "y"
        scene.account = "eu"
        if "OTHER_TOKEN" in config:
            scene.catalogue()
        else:
            scene.stripe_catalogue()
        scene.account = "us"
        scene.catalogue()
        return scene

    yield made
    for each in scenes:
        each.close()
