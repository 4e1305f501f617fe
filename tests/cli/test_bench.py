import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.jobs.bench import sizes

TINY = sizes.Sizes(
    rounds=1,
    slow_rounds=1,
    round_s=1e-5,
    attention_tokens=(8,),
    decode_tokens=2,
    coding_tokens=(3,),
    fill_steps=2,
    growth_rows=(100,),
    growth_queries=2,
    scan_queries=2,
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "FULL", TINY)
    monkeypatch.setattr(sizes, "QUICK", TINY)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["bench", *words])


def test_json_is_all_that_is_printed() -> None:
    done = run("--json", "--quick")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["machine"]["kernel"] == "native"
    assert found["growth_rows"] == 100


def test_tables_stand_side_by_side_with_the_machine_above() -> None:
    done = run()
    assert (done.exit_code, done.stderr) == (0, "")
    parts = done.stdout.split("\n\n")
    assert len(parts) == 8
    assert parts[0].startswith("kernel native, python ")
    assert [part.splitlines()[0] for part in parts[1:]][-1] == "ratios"
    assert "vector_fill_masked_rows_us" in done.stdout


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["bench", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_the_reference_kernel_is_refused_in_one_line(monkeypatch, capsys) -> None:
    monkeypatch.setenv("SPARSEQ_KERNEL", "reference")
    assert "wanted the native kernel" in failure(capsys)


def test_levels_that_are_not_there_are_named_in_one_line(capsys, tmp_path: Path) -> None:
    assert "nowhere" in failure(capsys, "--mario", str(tmp_path / "nowhere"))


def test_an_unknown_tile_and_a_ragged_row_are_named_in_one_line(capsys, tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text("--\n-~\n")
    assert "'~'" in failure(capsys, "--mario", str(tmp_path))
    (tmp_path / "odd.txt").write_text("--\n-\n")
    assert "odd.txt" in failure(capsys, "--mario", str(tmp_path))


def test_help_imports_nothing_that_measures(monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sparseq.jobs.bench.run")]:
        monkeypatch.delitem(sys.modules, name)
    assert run("--help").exit_code == 0
    assert "sparseq.jobs.bench.run" not in sys.modules
