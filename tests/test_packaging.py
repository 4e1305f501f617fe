"""What is written down for the build is what is there."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src"

pytestmark = pytest.mark.skipif(not SOURCES.exists(), reason="the tests run without the repository's sources")


def test_every_package_is_named_for_the_build():
    wanted = {".".join(found.parent.relative_to(SOURCES).parts) for found in SOURCES.rglob("__init__.py")}
    named = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    assert set(named) == wanted | {"sparseq.loops"}
    assert len(named) == len(set(named))
