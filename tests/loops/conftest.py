"""The composing script as a module, and every tab read once."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "compose.py"


@pytest.fixture(scope="session")
def compose():
    spec = importlib.util.spec_from_file_location("compose", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tabs(compose):
    return compose.read_tabs()
