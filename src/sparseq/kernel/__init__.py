"""Arrays only: example rows, distances by slots, softmax by table, and the generation loops over a grid.

Two implementations give the same bits: the native one (Cython) and `reference`, its plain numpy twin. `load` returns
one of them behind the same checks; the environment variable ``SPARSEQ_KERNEL`` (``native`` or ``reference``) decides
where a caller does not.
"""

import os

from sparseq.errors import InputError
from sparseq.kernel.api import Kernel

__all__ = ["Kernel", "load"]


def load(name: str | None = None) -> Kernel:
    """Return the kernel called `name`, by default the one that ``SPARSEQ_KERNEL`` names, else the native one.

    Raises
    ------
    InputError
        For a name that is neither, or where the native modules were not built.
    """
    name = name or os.environ.get("SPARSEQ_KERNEL") or "native"
    if name == "reference":
        from sparseq.kernel import reference

        return Kernel(name, reference.SlotHead, reference)
    if name == "native":
        return _native()
    raise InputError(f"kernel: wanted native or reference, got {name!r}; see SPARSEQ_KERNEL")


def _native() -> Kernel:
    try:
        from sparseq.kernel import _generate, _slots  # type: ignore[attr-defined]  # compiled, has no stubs
    except ImportError as error:
        raise InputError(
            f"kernel: wanted the native one, got {error}; install sparseq again, or set SPARSEQ_KERNEL=reference"
        ) from error
    return Kernel("native", _slots.SlotHead, _generate)
