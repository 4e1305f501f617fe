"""The composing script as a module, and every tab read once."""

import importlib
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def compose():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))  # as it is when the script is run
        return importlib.import_module("compose")


@pytest.fixture(scope="session")
def tabs(compose):
    return compose.read_tabs()
