"""Which kernel runs, and that the compiled one is there."""

import importlib.machinery
import sys

import pytest

import sparseq.kernel
from sparseq.errors import InputError
from sparseq.kernel import load, reference


def test_native_is_the_default(monkeypatch):
    """A build that lost its compiled modules must fail here, not run fifty times slower."""
    monkeypatch.delenv("SPARSEQ_KERNEL", raising=False)
    assert load().name == "native"


@pytest.mark.parametrize("name", ["_slots", "_generate"])
def test_native_modules_are_compiled(name):
    load("native")
    path = sys.modules[f"sparseq.kernel.{name}"].__file__
    assert path.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


@pytest.mark.parametrize("name", ["native", "reference"])
def test_environment_decides_where_the_caller_does_not(monkeypatch, name):
    monkeypatch.setenv("SPARSEQ_KERNEL", name)
    assert load().name == name


def test_caller_decides_over_the_environment(monkeypatch):
    monkeypatch.setenv("SPARSEQ_KERNEL", "reference")
    assert load("native").name == "native"


def test_an_empty_environment_variable_is_none(monkeypatch):
    monkeypatch.setenv("SPARSEQ_KERNEL", "")
    assert load().name == "native"


def test_the_twin_is_not_the_native_one():
    assert load("native")._head_class is not load("reference")._head_class
    assert load("reference")._head_class is reference.SlotHead


@pytest.mark.parametrize("by_name", [True, False])
def test_another_name_is_refused(monkeypatch, by_name):
    monkeypatch.setenv("SPARSEQ_KERNEL", "cuda")
    with pytest.raises(InputError, match=r"^kernel: wanted native or reference, got 'cuda'; see SPARSEQ_KERNEL$"):
        load("cuda" if by_name else None)


def test_a_lost_build_is_refused_in_one_line_that_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "sparseq.kernel._slots", None)
    monkeypatch.delattr(sparseq.kernel, "_slots", raising=False)
    with pytest.raises(InputError, match=r"^kernel: wanted the native one, got .*; install sparseq again, or set SPA"):
        load("native")


def test_a_lost_build_does_not_keep_the_twin_from_running(monkeypatch):
    monkeypatch.setitem(sys.modules, "sparseq.kernel._slots", None)
    assert load("reference").name == "reference"
