"""`sparseq lab`: the other alphabets, and those that installed packages add."""

from __future__ import annotations

import click

from sparseq.cli.lab_mario import mario


@click.group(name="lab")
def command() -> None:
    """Stream and fill other alphabets: levels, configs, logs, pictures.

    The same engine as for drums, on grids of other tokens. Needs: pip install 'sparseq[lab]'
    """


command.add_command(mario)
