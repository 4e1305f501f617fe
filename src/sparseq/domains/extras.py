"""The extra packages of the lab: imported where they are used, missed in one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager

from sparseq.errors import InputError


@contextmanager
def lab_extra(what: str) -> Iterator[None]:
    """Import a package of the extra within this block; `what` says for the person what it is needed for.

    Raises
    ------
    InputError
        If the package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(f"{what} needs the package {error.name}; get it with: pip install 'sparseq[lab]'") from error
