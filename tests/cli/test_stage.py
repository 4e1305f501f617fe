from pathlib import Path

import pytest

from sparseq.cli.stage import START_REFRESHES, Stage, StartWait, Wishes, Words, free_name, read_map
from sparseq.errors import InputError
from sparseq.jobs.loading import load_examples
from sparseq.jobs.play import Performance, PlaySettings
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.score import read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.controls import Action
from sparseq.realtime.mapping import Binding, ControlMap
from sparseq.realtime.outputs import NullPort
from sparseq.realtime.tape import Tape
from sparseq.realtime.transport import Reading, SyncState


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Set:
    """A performance with its stage; what the stage said."""

    def __init__(self, n_bars: int = 4, **wishes: object) -> None:
        self.said: list[str] = []
        words = Words(quiet=True)
        stream = Stream(load_examples(["funk-sidewalk"]), StreamSettings(seed=1))
        self.tape = Tape()
        save = {"on_save": lambda count: self.stage.save_last(count)}
        self.performance = Performance(stream, NullPort(), ManualClock(), PlaySettings(n_bars), self.tape, **save)
        self.stage = Stage(self.performance, NullPort(), self.tape, Wishes(quiet=True, **wishes), words)
        words.show = self.said.append


def test_the_last_bars_are_saved_after_the_fact_under_a_free_name() -> None:
    Path("sparseq-take-001.mid").write_bytes(b"mine")
    play = Set()
    play.performance.play()
    play.performance.controls.ask(Action.SAVE, "", 2)
    assert play.said == ["wrote sparseq-take-002.mid: 2 bars"]
    score = read_score(parse(Path("sparseq-take-002.mid").read_bytes(), "take"))
    assert score.end_ticks == 2 * 4 * PPQ
    wanted = [data for tick, data in play.tape.events if tick >= 2 * 4 * PPQ and data[0] == 0x99]
    assert len(score.notes) == len(wanted)
    assert Path("sparseq-take-001.mid").read_bytes() == b"mine"


def test_that_a_clock_runs_which_nobody_has_started_is_said_once() -> None:
    waiting = Reading(SyncState.UNSTARTED, 0, 0.0, 0.0, 120.0)
    running = waiting._replace(state=SyncState.RUNNING)
    wait = StartWait()
    looks = [waiting] * START_REFRESHES + [running] + [waiting] * START_REFRESHES
    assert {wait.line(reading) for reading in looks} == {""}
    assert wait.line(waiting) == "the clock runs at 120.0 bpm, waiting for start"
    assert {wait.line(waiting) for _ in range(3 * START_REFRESHES)} == {""}


def test_they_are_saved_beside_the_take() -> None:
    Path("takes").mkdir()
    play = Set(save="takes/all.mid")
    play.performance.play()
    play.stage.save_last(1)
    assert Path("takes/sparseq-take-001.mid").exists()


def test_before_a_bar_has_ended_there_is_nothing_to_save() -> None:
    play = Set()
    play.stage.save_last(8)
    assert play.said == ["no bar has been played to its end yet: nothing to save"]
    assert list(Path().iterdir()) == []


def test_a_name_is_free_if_no_file_has_it() -> None:
    assert free_name(Path()) == Path("sparseq-take-001.mid")


def test_a_map_that_is_not_there_yet_is_empty() -> None:
    path, table = read_map("mine.json")
    assert (path, table.bindings) == (Path("mine.json"), {})


def test_what_was_learnt_is_there_the_next_time() -> None:
    knob = {"cc 1 74": Binding(Action.SET, "density", -1.0, 1.0)}
    ControlMap(knob).save("mine.json")
    assert read_map("mine.json").table.bindings == knob


def test_a_map_that_is_none_is_refused() -> None:
    Path("mine.json").write_text("nonsense")
    with pytest.raises(InputError, match="is not a control map"):
        read_map("mine.json")


def test_without_a_name_it_is_in_the_folder_for_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda name, appauthor: tmp_path / name)
    assert read_map(None).path == tmp_path / "sparseq" / "controls.json"
