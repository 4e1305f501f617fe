"""What a figure was measured on."""

import os
import platform
import sys
from pathlib import Path

import numpy as np

from sparseq.errors import InputError
from sparseq.jobs.bench.timing import clock
from sparseq.kernel import load
from sparseq.kernel.vector import use_native

CPU_FACTS = "/proc/cpuinfo"
UNKNOWN = "unknown"


def check_native() -> None:
    """Raise InputError where the kernel in use is not the native one."""
    name = load().name
    if name != "native" or not use_native():
        raise InputError(
            f"bench: wanted the native kernel, which is what it measures, got the {name} one; unset SPARSEQ_KERNEL"
        )


def machine() -> dict[str, str | int | float | None]:
    """Return the facts: kernel, versions, processor, cores, the clock read, and how busy the machine is besides."""
    return {
        "kernel": load().name,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": sys.platform,
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "clock": clock(),
        "load_1_min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def cpu_name(facts: str = CPU_FACTS) -> str:
    """Return the processor's name: from the system's list where there is one, else as Python knows it."""
    try:
        lines = Path(facts).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), "") or platform.processor() or platform.machine() or UNKNOWN
