"""An earlier landing of the same accounts, whose answers need not be asked for again.

Which answers cannot have changed is decided by the readers in sources.
"""

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from parity_pipeline.landing import LandedResource, Manifest, landed_file, read_manifest
from parity_pipeline.sources.answered import Answered, PutOff
from parity_pipeline.sources.resources import Resource

T = TypeVar("T")


class EarlierLanding:
    """A complete landing, its digests verified; one read with another key, address or code has no lines."""

    def __init__(
        self, folder: Path, origins: Mapping[str, str], doubtful: frozenset[str] = frozenset()
    ) -> None:
        self.manifest: Manifest = read_manifest(folder)
        self.window = self.manifest.window
        self.run_id = self.manifest.run_id
        self.doubtful = doubtful
        self._folder = folder
        self._origins = origins

    def lines(self, resource: Resource, account: str) -> Iterator[bytes]:
        """The landed lines of a resource, in their order."""
        yield from self._lines(resource, account, landed_file(self._folder, account, resource))

    def answers(self, resource: Resource, account: str) -> Iterator[Answered]:
        """The questions of a resource that were answered."""
        for each in self._landed(resource, account):
            yield from self._decoded(resource, account, each.questions_file, Answered)

    def put_off(self, resource: Resource, account: str) -> Iterator[PutOff]:
        """The customers that were not asked."""
        for each in self._landed(resource, account):
            yield from self._decoded(resource, account, each.put_off_file, PutOff)

    def _landed(self, resource: Resource, account: str) -> Iterator[LandedResource]:
        for each in self.manifest.resources:
            if (each.account, each.source, each.resource) == (account, resource.source, resource.name):
                yield each

    def _decoded(self, resource: Resource, account: str, place: Path, kind: type[T]) -> Iterator[T]:
        decoder = msgspec.json.Decoder(kind)
        return (decoder.decode(line) for line in self._lines(resource, account, self._folder / place))

    def _lines(self, resource: Resource, account: str, file: Path) -> Iterator[bytes]:
        origin = f"{resource.source}/{account}"
        if self.manifest.origins.get(origin) != self._origins.get(origin, "") or not file.is_file():
            return
        with gzip.open(file) as lines:
            yield from lines
