"""What the lab's commands share: where results go, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sparseq.cli.talk import emit, say

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def result_option(metavar: str = "FILE.txt|.png") -> Callable[[Decorated], Decorated]:
    """-o/--output for a result that is printed otherwise; the parameter `output` is a str or None."""
    return click.option("-o", "--output", metavar=metavar, help="Write here instead of printing.")


def is_picture(path: str | None) -> bool:
    """Say whether a file name asks for a picture."""
    return path is not None and Path(path).suffix.lower() == ".png"


def check_result(output: str | None, force: bool) -> None:
    """Make sure that the result can be written, before work begins."""
    from sparseq.jobs.files import check_writable

    if output is not None:
        check_writable(output, force)


def give(content: str | bytes, output: str | None, force: bool, quiet: bool) -> None:
    """Write a result to its file, or print it."""
    from sparseq.jobs.files import write_atomically

    if output is None:
        emit(str(content).removesuffix("\n"))
        return
    write_atomically(output, content.encode() if isinstance(content, str) else content, force)
    say(f"wrote {output}", quiet=quiet)
