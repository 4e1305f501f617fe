from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli
from sparseq.music.counting import counted_bars
from sparseq.music.events import payload
from sparseq.music.keys import parse_key
from sparseq.music.score import read_score
from sparseq.music.smf import parse
from sparseq.music.swing import swing_of_notes
from sparseq.music.units import PPQ
from sparseq.realtime import clock
from sparseq.realtime.clock import ManualClock

COMBO = "synthwave-coast-road"
BAR = 4 * PPQ


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def export(*words: str, loops: str = COMBO) -> Result:
    given = ["--loops", loops] if loops else []
    return CliRunner().invoke(cli, ["export", *given, "--seed", "1", "-o", "a.mid", "--force", *words])


def score_of(path: str = "a.mid"):
    return read_score(parse(Path(path).read_bytes(), path))


def pitched(score):
    return [note for note in score.notes if note.channel != 9]


def metas(kind: int) -> list[bytes]:
    midi = parse(Path("a.mid").read_bytes(), "a.mid")
    return [payload(data) for track in midi.tracks for _, data in track.events if data[:2] == bytes((0xFF, kind))]


def test_a_combo_is_written_with_a_track_a_name_a_channel_and_a_program_for_each_part() -> None:
    done = export()
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.isalpha()] == ["lead", "chords", "bass", "drums"]
    score = score_of()
    assert score.track_names[1:] == ("Drums", "Bass", "Chords", "Lead")
    assert score.end_ticks == 4 * BAR
    midi = parse(Path("a.mid").read_bytes(), "a.mid")
    for index, track in enumerate(midi.tracks[1:], start=1):
        (channel,) = {note.channel for note in score.notes if note.track == index}
        programs = [data[0] & 15 for _, data in track.events if data[0] & 0xF0 == 0xC0]
        assert programs == ([] if channel == 9 else [channel])


def test_the_file_says_its_key() -> None:
    export("--key", "Bb minor")
    assert metas(0x59) == [bytes((256 - 5, 1))]


@pytest.mark.parametrize("key", ["F# minor", "Eb", "D dorian"])
def test_with_a_key_every_pitched_note_is_in_the_scale(key: str) -> None:
    assert export("--key", key, "--bars", "16").exit_code == 0
    assert {note.pitch % 12 for note in pitched(score_of())} <= parse_key(key).classes


def test_chords_are_followed_bar_by_bar() -> None:
    assert export("--chords", "Dm Bb F C", "--bars", "4").exit_code == 0
    basses = [note for note in score_of().notes if note.track == 2]
    for bar, root in enumerate((2, 10, 5, 0)):
        assert next(note.pitch % 12 for note in basses if note.onset_ticks // BAR == bar) == root


def test_parts_are_chosen_and_muted() -> None:
    assert export("--parts", "drums,bass").exit_code == 0
    assert score_of().track_names[1:] == ("Drums", "Bass")
    assert export("--mute", "bass,hats").exit_code == 0
    assert {note.track for note in score_of().notes} == {1, 3, 4}
    assert not {note.pitch for note in score_of().notes if note.channel == 9} & {42, 44, 46}


def test_ranges_and_voices_hold() -> None:
    assert export("--range", "bass=E2-E3", "--range", "C2-C6", "--max-voices", "2", "--bars", "8").exit_code == 0
    notes = pitched(score_of())
    assert {note.pitch for note in notes} <= set(range(36, 85))
    assert {note.pitch for note in notes if note.track == 2} <= set(range(40, 53))


@pytest.mark.parametrize("loops", [COMBO, "funk-tin-roof", "hip-hop", "waltz-paper-boat", "seven-eight-ferry-rope"])
@pytest.mark.parametrize("percent", [50, 57.5, 62, 66.7, 70])
def test_the_file_swings_as_asked_to_within_a_tick(loops: str, percent: float) -> None:
    assert export("--swing", str(percent), "--bars", "8", loops=loops).exit_code == 0
    score = score_of()
    found = swing_of_notes(score.notes, score.ppq, counted_bars(score, 4), 4)
    assert found is not None
    assert abs(found.percent - percent) * PPQ / 2 / 100 <= 1


@pytest.mark.parametrize("percent", [58, 66.7, 72])
def test_eighths_swing_where_the_grid_is_in_triplets(percent: float) -> None:
    assert export("--swing", str(percent), "--bars", "8", loops="jazz-night-porch").exit_code == 0
    score = score_of()
    found = swing_of_notes(score.notes, score.ppq, counted_bars(score, 3), 3)
    assert found is not None
    assert abs(found.percent - percent) * PPQ / 100 <= 1


def test_feel_0_is_on_the_grid() -> None:
    assert export("--feel", "0", loops="funk").exit_code == 0
    assert all(note.onset_ticks % (PPQ // 4) == 0 for note in score_of().notes)


def test_the_groove_of_another_loop_is_taken() -> None:
    assert export("--groove", "hip-hop-dust-jacket", "--parts", "drums").exit_code == 0
    grooved = score_of().notes
    assert export("--parts", "drums").exit_code == 0
    plain = score_of().notes
    assert [note.pitch for note in sorted(grooved)] != [] != [note.pitch for note in plain]
    assert {note.onset_ticks for note in grooved} != {note.onset_ticks for note in plain}


def test_humanize_changes_every_file_alike_for_a_seed() -> None:
    files = []
    for amount in ("0.5", "0.5", "0"):
        assert export("--humanize", amount).exit_code == 0
        files.append(Path("a.mid").read_bytes())
    assert files[0] == files[1] != files[2]


def test_wanting_pitched_parts_without_naming_loops_takes_shipped_combos() -> None:
    assert export("--key", "C minor", loops="").exit_code == 0
    assert pitched(score_of())
    assert export("--parts", "bass", loops="").exit_code == 0
    assert score_of().track_names[1:] == ("Bass",)


def test_a_combo_is_played_with_all_its_parts_in_the_key_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "MonotonicClock", ManualClock)
    words = ["--loops", COMBO, "--port", "null", "--bars", "8", "--seed", "1", "--key", "F minor", "--save", "a.mid"]
    assert CliRunner().invoke(cli, ["play", *words]).exit_code == 0
    played = Path("a.mid").read_bytes()
    score = score_of()
    assert score.track_names[1:] == ("Drums", "Bass", "Chords", "Lead")
    assert {note.track for note in score.notes} == {1, 2, 3, 4}
    assert {note.pitch % 12 for note in pitched(score)} <= parse_key("F minor").classes
    assert score.end_ticks == 8 * BAR
    assert export("--bars", "8", "--key", "F minor").exit_code == 0
    assert Path("a.mid").read_bytes() == played


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--key", "H"], 2, "a key like"),
        (["--chords", "Xx"], 2, "a chord like"),
        (["--chords", " "], 2, "chords like"),
        (["--range", "bass=high"], 2, "a range of pitches like"),
        (["--range", "G3-E1"], 2, "a range of pitches within"),
        (["--range", "drums=E1-G3"], 1, "wanted a pitched part, got 'drums'"),
        (["--range", "C#2-C#2", "--key", "C"], 1, "widen it"),
        (["--parts", ","], 2, "wanted names"),
        (["--parts", "tuba"], 1, "wanted the part 'tuba'"),
        (["--mute", "tuba"], 1, "wanted a part or lane, got 'tuba'"),
        (["--max-voices", "0"], 2, "from 1 to 8"),
        (["--swing", "49"], 2, "from 50 to 75"),
        (["--density", "2"], 2, "from -1 to 1"),
        (["--groove", "funk"], 1, "wanted one loop"),
        (["--groove", "nowhere.mid"], 1, "there is no nowhere.mid"),
        (["--steps-per-beat", "5"], 2, "5"),
    ],
)
def test_what_cannot_be_is_told_in_a_line_and_nothing_is_written(words: list[str], code: int, said: str) -> None:
    done = export(*words)
    assert done.exit_code == code
    assert said in done.stderr or (code == 1 and said in str(done.exception))
    assert not Path("a.mid").exists()
