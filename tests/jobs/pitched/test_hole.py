"""Which notes of pitched parts go and which cells are filled: notes go whole or stay whole, and none outside goes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.jobs.choice import Choice
from sparseq.music.chords import parse_chords, token_chord
from sparseq.music.layout import CHORD, VOICE
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse

from .conftest import BAR, PPQ, dig, song_bytes, song_notes


def bar_of(note):
    return note.onset_ticks // BAR + 1


def test_all_pitched_parts_of_the_bars_go(song):
    hole = dig(song)
    assert set(hole.notes) == {note for note in read_score(song).notes if bar_of(note) == 7}
    assert hole.parts == ["bass", "chords", "lead"]
    assert hole.bars == [7]


@pytest.mark.parametrize(
    ("choice", "parts"),
    [
        (Choice("7", tracks="bass"), ["bass"]),
        (Choice("7", tracks="3-4"), ["chords", "lead"]),
        (Choice("7", channels="3"), ["lead"]),
        (Choice("7", tracks="bass,lead", channels="1"), ["bass"]),
    ],
)
def test_tracks_and_channels_choose_parts(song, choice, parts):
    assert dig(song, choice).parts == parts


@pytest.mark.parametrize("choice", [Choice("7", lanes="kick"), Choice("7", keep_lanes="snare")])
def test_where_drums_are_named_drums_alone_are_meant(song, choice):
    assert dig(song, choice) is None


def test_steps_and_beats_choose_when(song):
    hole = dig(song, Choice("7", beats="2"))
    assert {note.onset_ticks - 6 * BAR for note in hole.notes} <= set(range(PPQ - 60, 2 * PPQ - 60))
    assert len(hole.notes) == 3  # a note of the bass, two of the lead


@pytest.mark.parametrize("choice", [Choice("9"), Choice("7", tracks="flute"), Choice("7", steps="17")])
def test_what_is_not_there_is_refused(song, choice):
    with pytest.raises(InputError):
        dig(song, choice)


EDGES = [
    # A note of the bass, and whether it goes from bar 3.
    (Note(BAR, 2 * BAR, 45, 99, 0, 1), False),  # sounds through
    (Note(2 * BAR - 100, 300, 45, 99, 0, 1), False),  # sounds into it
    (Note(2 * BAR - 10, 100, 45, 99, 0, 1), False),  # a hair before, on its first step
    (Note(2 * BAR, BAR, 45, 99, 0, 1), True),
    (Note(3 * BAR - 200, 500, 45, 99, 0, 1), True),  # sounds out of it: all of it goes
    (Note(3 * BAR - 20, 500, 45, 99, 0, 1), False),  # a hair before the bar behind, on that bar's first step
    (Note(3 * BAR, 500, 45, 99, 0, 1), False),
]


@pytest.mark.parametrize(("note", "goes"), EDGES)
def test_notes_across_the_edges_go_whole_or_stay_whole(note, goes):
    midi = parse(song_bytes([*song_notes(8, without=[2, 3, 4]), note]), "song.mid")
    hole = dig(midi, Choice("3", tracks="bass"))
    if hole is None:  # nothing is left to fill
        assert note.onset_ticks == BAR
        return
    assert [gone[:6] for gone in hole.notes] == ([note[:6]] if goes else [])
    lane = hole.grid.indices(kind=VOICE, part="bass")[0]
    sounding = hole.grid.tokens_tl[:, lane] != 0
    inside = np.isin(hole.grid.bars_t, [1, 2, 3])
    assert hole.mask_tl[inside & sounding, lane].all() == goes
    assert not hole.onset_tl[hole.grid.bars_t != 2].any()
    assert not (hole.onset_tl & ~hole.mask_tl).any()


def test_only_the_chosen_part_of_a_track_goes_and_what_others_hold_is_kept(song):
    hole = dig(song, Choice("2", strength=0.4), seed=3)
    gone = set(hole.notes)
    lanes = hole.grid.indices(kind=VOICE)
    held = hole.grid.tokens_tl[:, lanes] != 0
    assert gone
    assert any(bar_of(note) == 2 and note not in gone for note in read_score(song).notes)
    assert held[~hole.mask_tl[:, lanes]].sum() > 0
    assert {bar_of(note) for note in gone} == {2}


@given(st.integers(0, 2**64 - 1), st.sampled_from([0.1, 0.5, 0.9]))
def test_the_share_is_drawn_by_seed_and_place_alone(song, seed, strength):
    one, other = (dig(song, Choice(bars, strength=strength), seed) for bars in ("2", "2,5"))
    if one is None or other is None:
        return
    in_bar = one.grid.bars_t == 1
    assert np.array_equal(one.mask_tl[in_bar], other.mask_tl[in_bar])


def chord_names(hole):
    lane = hole.grid.indices(kind=CHORD)[0]
    steps = np.flatnonzero(hole.onset_tl.any(1))
    return {str(token_chord(int(token), hole.grid.shift % 12)) for token in hole.grid.tokens_tl[steps, lane]}


def test_chords_of_the_hole_are_those_given_or_those_still_heard(song):
    lane = dig(song).grid.indices(kind=CHORD)[0]
    steps = dig(song).grid.bars_t == 6
    assert dig(song).unknown_tl[steps, lane].all(), "all parts are silent there: nobody knows"
    leads = dig(song, Choice("7", tracks="lead"))
    assert not leads.unknown_tl[steps, lane].any()
    assert chord_names(leads) == {"C"}
    given_chords = dig(song, chords=parse_chords("Dm"))
    assert not given_chords.unknown_tl[steps, lane].any()
    assert chord_names(given_chords) == {"Dm"}
