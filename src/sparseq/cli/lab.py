"""`sparseq lab`: the other alphabets, and those that installed packages add."""

from __future__ import annotations

import click

from sparseq.cli.lab_configs import configs
from sparseq.cli.lab_logs import logs
from sparseq.cli.lab_mario import mario
from sparseq.cli.lab_own import own
from sparseq.cli.lab_tiles import tiles

COMMANDS = {"mario": mario, "configs": configs, "logs": logs, "tiles": tiles, "own": own}


@click.group(name="lab", commands=COMMANDS)
def command() -> None:
    """Stream and fill other alphabets: levels, configs, logs, pictures.

    The same engine as for drums, on grids of other tokens. Needs: pip install 'sparseq[lab]'
    """
