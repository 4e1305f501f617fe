"""Domains of one's own: those that installed packages add, streamed and filled by their four functions."""

from collections.abc import Mapping
from typing import NamedTuple

from sparseq.domains.protocol import Cells, Domain, Settings, fill, installed_domains, stream
from sparseq.domains.regions import region
from sparseq.domains.sources import MOST_FILES, read_sources
from sparseq.errors import InputError


class Opened(NamedTuple):
    """A domain with its examples encoded."""

    domain: Domain
    examples: list[Cells]


def open_domain(name: str, path: str) -> Opened:
    """Return the domain that a package adds under a name, over the examples at `path`.

    Raises
    ------
    InputError
        If no package adds it, naming those there are.
    """
    found = installed_domains()
    if name not in found:
        there = ", ".join(sorted(found)) or "none"
        raise InputError(f"domain: wanted one that an installed package adds ({there}), got {name!r}")
    sources = _all_sources(path)
    domain = found[name](sources)
    return Opened(domain, [domain.encode(data) for data in sources.values()])


def stream_own(opened: Opened, n_steps: int, seed: int) -> tuple[bytes, Mapping[str, float]]:
    """Return a new file of so many steps, and its metrics."""
    made = stream(opened.domain, opened.examples, n_steps, seed)
    return opened.domain.decode(made), opened.domain.metrics(made, opened.examples)


def fill_own(
    opened: Opened, data: bytes, steps: str | None, lanes: str | None, seed: int, settings: Settings | None = None
) -> tuple[bytes, Mapping[str, float]]:
    """Return a file with some steps and lanes (as in 3-5,9) filled anew, and its metrics."""
    cells = opened.domain.encode(data)
    made = fill(opened.domain, opened.examples, cells, region(steps, lanes, *cells.shape), seed, settings)
    return opened.domain.decode(made), opened.domain.metrics(made, opened.examples)


def _all_sources(path: str) -> dict[str, bytes]:
    """Return a file, or all files of a folder whatever their endings: the domain knows what it can read."""
    from pathlib import Path

    folder = Path(path)
    if not folder.is_dir():
        return read_sources(path, ())
    endings = {file.suffix.lower() for file in list(folder.rglob("*"))[:MOST_FILES]}
    return read_sources(path, endings)
