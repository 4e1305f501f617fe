"""Which of the two vector kernels computes: the native modules or their plain twin."""

import importlib
import os
from typing import Any

from sparseq.errors import InputError
from sparseq.kernel import reference_vector


def use_native() -> bool:
    """Return whether the native kernel computes.

    Returns
    -------
    bool
        By `SPARSEQ_KERNEL`, native or reference; unset, native where it can be imported.

    Raises
    ------
    InputError
        For another value, or native where it cannot be imported.
    """
    wanted = os.environ.get("SPARSEQ_KERNEL", "")
    if wanted not in ("", "native", "reference"):
        raise InputError(f"SPARSEQ_KERNEL: wanted native or reference, got {wanted!r}")
    if wanted == "reference":
        return False
    try:
        importlib.import_module("sparseq.kernel._vector_cache")
    except ImportError as error:
        if wanted:
            raise InputError(f"SPARSEQ_KERNEL: wanted native, got no compiled module; rebuild ({error})") from error
        return False
    return True


def module_of(name: str) -> Any:
    """Return the native module of this name, or the twin in its place."""
    return importlib.import_module(f"sparseq.kernel.{name}") if use_native() else reference_vector
