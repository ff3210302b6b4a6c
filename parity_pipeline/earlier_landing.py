"""An earlier landing of the same accounts, whose answers need not be asked for again.

Which answers cannot have changed is decided by the readers in sources.
"""

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from parity_pipeline.landing import Manifest, landed_file, read_manifest
from parity_pipeline.sources.answered import Answered
from parity_pipeline.sources.resources import Resource


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
        for each in self.manifest.resources:
            if (each.account, each.source, each.resource) == (account, resource.source, resource.name):
                decoder = msgspec.json.Decoder(Answered)
                for line in self._lines(resource, account, self._folder / each.questions_file):
                    yield decoder.decode(line)

    def _lines(self, resource: Resource, account: str, file: Path) -> Iterator[bytes]:
        origin = f"{resource.source}/{account}"
        if self.manifest.origins.get(origin) != self._origins.get(origin, "") or not file.is_file():
            return
        with gzip.open(file) as lines:
            yield from lines
