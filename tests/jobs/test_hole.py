"""Which cells are filled and which notes go: choices intersect, and no note begun outside the bars is touched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.jobs.choice import Choice
from sparseq.jobs.hole import dig_hole
from sparseq.music.lanes import lane_of
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

PPQ, BAR = 480, 1920
KICK, SNARE, HAT = 36, 38, 42


def kit(n_bars=4):
    """A plain groove, its hats in a track of their own."""
    for start in range(0, n_bars * BAR, BAR):
        yield Note(start, 60, KICK, 100, 9, 0)
        yield Note(start + BAR // 2, 60, SNARE, 90, 9, 0)
        yield from (Note(start + eighth, 60, HAT, 80, 9, 1) for eighth in range(0, BAR, PPQ // 2))


def midi_of(notes, names=("Shells", "Hats"), n_bars=4, **options):
    return parse(write_midi(list(notes), ppq=PPQ, end_ticks=n_bars * BAR, track_names=list(names), **options), "b.mid")


@pytest.fixture(scope="module")
def groove():
    return midi_of(kit())


def cells(hole):
    """The masked cells as (bar, step of the bar, lane), from 1."""
    grid = hole.grid
    return {
        (int(grid.bars_t[step]) + 1, int(grid.phases_t[step]) + 1, grid.lanes[lane])
        for step, lane in np.argwhere(hole.mask_tl).tolist()
    }


def cells_if_any(midi, choice, refusal, seed=0):
    """The masked cells; none where that is refused with these words."""
    try:
        return cells(dig_hole(midi, choice, seed=seed))
    except InputError as error:
        if refusal not in str(error):
            raise
        return set()


PARTS = {
    "bars": ("2,4", lambda bar, step, lane: bar in (2, 4)),
    "steps": ("3-6", lambda bar, step, lane: 3 <= step <= 6),
    "beats": ("2", lambda bar, step, lane: 5 <= step <= 8),
    "lanes": ("kick,hats", lambda bar, step, lane: lane != "snare"),
    "keep_lanes": ("kick", lambda bar, step, lane: lane != "kick"),
    "tracks": ("shells", lambda bar, step, lane: lane != "closed_hat"),
    "channels": ("10", lambda bar, step, lane: True),
}


@given(st.sets(st.sampled_from(sorted(PARTS))))
def test_what_lies_in_all_that_is_chosen_is_filled(groove, names):
    every = cells(dig_hole(groove, Choice()))
    assert len(every) == 4 * 16 * 3
    rules = [PARTS[name][1] for name in names]
    if {"lanes", "tracks"} <= names:  # lanes that are named are meant, whoever plays them
        rules.remove(PARTS["tracks"][1])
    wanted = {cell for cell in every if all(rule(*cell) for rule in rules)}
    held = {cell for cell in wanted if "tracks" in names and cell[2] == "closed_hat" and cell[1] % 2}
    choice = Choice(**{name: PARTS[name][0] for name in names})
    assert cells_if_any(groove, choice, "nothing lies in all that was chosen") == wanted - held


def test_notes_of_masked_cells_go_and_no_others(groove):
    hole = dig_hole(groove, Choice("2", beats="1-2", lanes="kick,hats"))
    assert {(note.onset_ticks - BAR, note.pitch) for note in hole.notes} == {
        (0, KICK),
        *((eighth, HAT) for eighth in (0, 240, 480, 720)),
    }


def test_a_cell_that_a_note_of_another_track_holds_is_not_filled():
    doubled = midi_of([*kit(), Note(BAR, 60, KICK, 50, 9, 1)])
    hole = dig_hole(doubled, Choice("2", tracks="shells", lanes="kick"))
    assert (2, 1, "kick") not in cells(hole)
    assert (2, 2, "kick") in cells(hole)
    assert hole.notes == ()


def test_tracks_and_channels_are_filled_in_the_lanes_they_play(groove):
    assert {lane for *_, lane in cells(dig_hole(groove, Choice("2", tracks="3")))} == {"closed_hat"}
    assert {note.track for note in dig_hole(groove, Choice("2", tracks="3")).voices} == {2}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice("2", tracks="bass"), "track 'bass' was asked for, but the file has 1 '', 2 'Shells', 3 'Hats'"),
        (
            Choice("2", channels="3"),
            "of channel 3 were asked for, but those of the file are on track 2 channel 10, track 3",
        ),
        (Choice("2", tracks="1"), "drums of track 1 were asked for"),
        (Choice("2", channels="17"), "channel 17 was asked for"),
        (Choice("5"), "bar 5 was asked for, but the file has 4 bars"),
        (Choice("2", steps="17"), "step 17 was asked for, but a bar has 16 steps"),
        (Choice("2", beats="5"), "beat 5 was asked for, but a bar has 4 beats"),
        (Choice("2", lanes="kazoo"), "'kazoo'"),
        (Choice("2", keep_lanes="cowbell"), "'cowbell'"),
        (Choice("2", lanes="kick", keep_lanes="kick"), "nothing lies in all that was chosen"),
        (Choice("2", beats="1", steps="5-"), "nothing lies in all that was chosen"),
        (Choice("2", strength=1.5), "strength: wanted 0 to 1, got 1.5"),
        (Choice("2", strength=0.0), "strength: 0 of 48 cells was wanted, but seed 7 draws none"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(choice, said):
    with pytest.raises(InputError) as caught:
        dig_hole(midi_of(kit()), choice, seed=7)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lanes_are_those_played_outside_the_hole_and_those_named():
    midi = midi_of([*kit(), Note(BAR, 60, 49, 90, 9, 0)])
    assert set(dig_hole(midi, Choice("3")).grid.lanes) == {"kick", "snare", "closed_hat", "crash"}
    assert "cowbell" in dig_hole(midi, Choice("3", lanes="cowbell")).grid.lanes


def test_of_a_family_the_drums_that_the_file_plays_are_meant_even_if_only_in_the_hole():
    hats = [note for note in kit() if note.pitch == HAT]
    inside = midi_of([note for note in kit() if note not in hats] + [n for n in hats if n.onset_ticks // BAR == 1])
    for midi in (midi_of(kit()), inside):
        assert {lane for *_, lane in cells(dig_hole(midi, Choice("2", lanes="hats")))} == {"closed_hat"}


def test_of_a_family_that_the_file_does_not_play_all_are_meant():
    midi = midi_of([note for note in kit() if note.pitch != HAT])
    lanes = {lane for *_, lane in cells(dig_hole(midi, Choice("2", lanes="hats")))}
    assert lanes == {"closed_hat", "open_hat", "pedal_hat"}


def test_a_file_with_no_drums_outside_takes_its_own_lanes_and_the_librarys(few):
    midi = midi_of([Note(BAR, 60, KICK, 100, 9)])
    scores = [example.score for example in few.used]
    assert dig_hole(midi, Choice("2")).grid.lanes == ("kick",)
    played = {lane_of(note.pitch) for score in scores for note in score.notes if note.channel == 9}
    assert set(dig_hole(midi, Choice("2"), scores).grid.lanes) == {"kick", *played}


def test_without_any_drums_there_is_nothing_to_go_by():
    with pytest.raises(InputError, match="wanted drums to go by"):
        dig_hole(midi_of([Note(0, 60, 60, 90, 0)], ["Piano"]), Choice("1"))


def test_a_stroke_a_hair_before_the_hole_stays_and_holds_its_cell():
    early = [note._replace(onset_ticks=note.onset_ticks - 20) if note.onset_ticks else note for note in kit()]
    hole = dig_hole(midi_of(early), Choice("2-3"))
    onsets = {note.onset_ticks for note in hole.notes}
    assert BAR - 20 not in onsets
    assert (2, 1, "kick") not in cells(hole)
    assert (2, 1, "snare") in cells(hole)
    # Between two bars of the hole nothing has to stay; and what belongs to the bar behind it does.
    assert 2 * BAR - 20 in onsets
    assert (3, 1, "kick") in cells(hole)
    assert 3 * BAR - 20 not in onsets


@given(
    strength=st.floats(0.05, 0.95), seed=st.integers(0, 2**64 - 1), bars=st.sampled_from(["1-4", "2", "3-4"]), lanes=...
)
def test_whether_a_cell_is_drawn_depends_on_seed_and_place_alone(groove, strength, seed, bars, lanes: bool):
    def drawn(choice):
        return cells_if_any(groove, choice, "draws none", seed)

    whole = drawn(Choice(strength=strength))
    few = Choice(bars, lanes="cowbell,snare" if lanes else None, strength=strength)
    asked = cells(dig_hole(groove, Choice(bars, lanes=few.lanes)))
    assert {cell for cell in drawn(few) if cell[2] != "cowbell"} == whole & asked
    assert whole <= drawn(Choice(strength=min(strength + 0.04, 1.0)))


def test_about_the_share_asked_for_is_drawn_and_another_seed_draws_others(groove):
    shares = [len(cells(dig_hole(groove, Choice(strength=0.3), seed=seed))) / 192 for seed in range(20)]
    assert 0.25 < sum(shares) / 20 < 0.35
    assert len({frozenset(cells(dig_hole(groove, Choice(strength=0.3), seed=seed))) for seed in range(20)}) == 20
    assert cells(dig_hole(groove, Choice(strength=1.0))) == cells(dig_hole(groove, Choice()))


def test_bars_and_heard_bars_are_told(groove):
    midi = midi_of([note for note in kit() if note.onset_ticks // BAR != 0])
    hole = dig_hole(midi, Choice("2,4"))
    assert hole.bars == [2, 4]
    assert hole.heard_bars_b.tolist() == [False, False, True, False]
    partly = dig_hole(midi, Choice("2,4", lanes="kick"))
    assert partly.heard_bars_b.tolist() == [False, True, True, True]
