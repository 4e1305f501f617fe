"""Native extensions only; everything else stands in pyproject.toml.

SPARSEQ_DEBUG_BUILD=1 compiles with bounds checks and without optimisation.
"""

import os

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("SPARSEQ_DEBUG_BUILD") == "1"
FOLDER = "cyext/sparseq/kernel"
# Listed here so that an sdist carries them (it would take the generated C alone) and a change to one rebuilds all.
SOURCES = sorted(f"{FOLDER}/{name}" for name in os.listdir(FOLDER) if name.endswith((".h", ".pxd", ".pyx")))
SOURCES.append("cyext/sparseq/__init__.pxd")
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
}


def extensions():
    sources = sorted(name for name in os.listdir(FOLDER) if name.endswith(".pyx"))
    # No fast-math: it would break the tests that refuse NaN and infinity.
    msvc = os.name == "nt"
    debug, release = (["/Od", "/Zi"], ["/O2"]) if msvc else (["-O0", "-g"], ["-O3"])
    flags = debug if DEBUG else release
    # A product and a sum fused into one rounding give other last bits than the numpy twin, on processors for which
    # compilers fuse by themselves (ARM). Vectors promise no bits, and are twice as fast with it.
    unfused = [] if msvc else ["-ffp-contract=off"]
    return [
        Extension(
            f"sparseq.kernel.{source.removesuffix('.pyx')}",
            [
                f"{FOLDER}/{source}",
            ],
            depends=SOURCES,
            include_dirs=[FOLDER, np.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            extra_compile_args=flags + ([] if source.startswith("_vector") else unfused),
        )
        for source in sources
    ]


# force=True because directives are not part of Cython's own up-to-date check; modules compile beside each other.
setup(
    ext_modules=cythonize(extensions(), include_path=["cyext"], compiler_directives=DIRECTIVES, force=True),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
