"""The script: as the command line, and clean when it is interrupted before there is one."""

import importlib.abc
import sys

from sparseq.cli import entry
from sparseq.cli.exits import Exit


def test_the_script_is_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sparseq", "--version"])
    assert entry.main() == Exit.DONE
    assert capsys.readouterr().out.startswith("sparseq ")


def test_ctrl_c_while_it_is_imported_ends_without_a_traceback(monkeypatch, capsys):
    class Impatient(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "sparseq.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "sparseq.cli.main")
    monkeypatch.setattr(sys, "meta_path", [Impatient(), *sys.meta_path])
    assert entry.main() == Exit.INTERRUPTED
    assert capsys.readouterr() == ("", "")
