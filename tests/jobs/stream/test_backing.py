"""What is played already: the stream hears it, and plays the rest."""

from itertools import islice

import numpy as np
import pytest

from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.stream.backing import Backing
from sparseq.jobs.stream.beside import N_BESIDE, strikes
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.kernel.checks import MASK
from sparseq.music.parts import BASS, DRUMS
from sparseq.music.piece import Piece


@pytest.fixture(scope="module")
def combo():
    """A loop of drums, bass, chords and lead."""
    return load_examples(["funk-tin-roof"], pitched=True)


def take_of(examples, *names):
    """The parts of a loop that have these names, as a take."""
    piece = examples.used[0].piece()
    parts = tuple(part for part in piece.parts if part.name in names)
    return Piece(piece.score, parts, piece.steps_per_beat, piece.bars, piece.key)


def backing_of(examples, *names):
    piece = take_of(examples, *names)
    return Backing(piece, piece.bars)


def bars_of(stream, n_bars=4):
    return list(islice(stream.bars(), n_bars))


def parts_played(grids):
    return {grid.lanes[lane].part for grid in grids for _, lane in grid.hits}


@pytest.mark.parametrize("given", [("bass",), ("drums",), ("drums", "bass"), ("chords", "lead")])
def test_a_stream_plays_what_the_take_does_not(combo, given):
    stream = Stream(combo, StreamSettings(1), backing_of(combo, *given))
    rest = {"drums", "bass", "chords", "lead"} - set(given)
    assert set(stream.sounds) == rest
    assert parts_played(bars_of(stream)) == rest


def test_the_same_seed_plays_the_same_and_another_something_else(combo):
    first, again, other = (
        [grid.hits for grid in bars_of(Stream(combo, StreamSettings(seed), backing_of(combo, "bass")))]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_after_a_rewind_the_same_bars_come_again(combo):
    stream = Stream(combo, StreamSettings(3), backing_of(combo, "drums"))
    bars = [grid.hits for grid in bars_of(stream)]
    stream.rewind(3)
    assert [grid.hits for grid in bars_of(stream, 3)] == bars[1:]


def test_where_the_take_ends_it_begins_again(combo):
    piece = take_of(combo, "drums", "chords", "bass")
    stream = Stream(combo, StreamSettings(1, temperature=0.01), Backing(piece, piece.bars[:1]))
    assert parts_played(bars_of(stream, 3)) == {"lead"}


def test_what_is_heard_matters(combo):
    """The same bass line over other drums, and drums beside another bass, are not the same."""
    settings = StreamSettings(1, parts=frozenset({"drums", "bass"}))
    piece = take_of(combo, "drums")
    silent = Piece(piece.score, (piece.parts[0]._replace(notes=()),), piece.steps_per_beat, piece.bars, piece.key)
    heard, unheard = (
        [grid.hits for grid in bars_of(Stream(combo, settings, Backing(take, take.bars)))] for take in (piece, silent)
    )
    assert heard != unheard


def test_chords_are_those_that_are_heard(combo):
    chords = backing_of(combo, "chords", "bass").chords()
    assert [bar[0].root for bar in chords.bars[:2]] == [4, 9]


def test_a_line_alone_is_harmonised_and_drums_have_no_chords(combo):
    piece = take_of(combo, "bass")
    chords = Backing(piece, piece.bars).chords()
    assert len(chords.bars) == len(piece.bars)
    assert all(len(bar) == 1 for bar in chords.bars)
    assert chords.bars[0][0].symbol == "Em"
    assert backing_of(combo, "drums").chords() is None


def test_a_chord_goes_on_where_nothing_sounds(combo):
    piece = take_of(combo, "bass")
    bar_ticks = piece.score.ppq * 4
    notes = tuple(note for note in piece.parts[0].notes if note.onset_ticks // bar_ticks == 1)
    quiet = Piece(piece.score, (piece.parts[0]._replace(notes=notes),), piece.steps_per_beat, piece.bars, piece.key)
    bars = Backing(quiet, quiet.bars).chords().bars
    assert len(set(bars)) == 1


def test_laid_on_lanes_nothing_of_a_bar_is_lost_and_lanes_that_are_not_there_are_left_out(combo):
    piece = take_of(combo, "drums", "bass")
    lanes = (VoiceLane("bass", BASS, 0), VoiceLane("lead", "lead", 0))
    bars = Backing(piece, piece.bars).laid_on(("kick",), lanes, 0)
    assert [bar.lanes for bar in bars] == [(0,)] * len(piece.bars)
    n_bass = sum(len(hits) for bar in bars for hits in bar.voices.hits.values())
    assert n_bass == len(next(part for part in piece.parts if part.kind == BASS).notes)
    assert all(
        bar.drums.tokens_tl.shape == (16, 1) and set(bar.drums.hits) <= {(t, 0) for t in range(16)} for bar in bars
    )


def test_strikes_tell_the_bass_from_the_others(combo):
    piece = take_of(combo, "drums", "bass")
    found = strikes(piece, piece.n_steps + 3)
    assert found.shape == (piece.n_steps + 3, N_BESIDE)
    assert set(np.unique(found[:, 0])) == {0, 1}
    assert (found[:, 1] == MASK).all()
    assert not found[piece.n_steps :, 0].any()
    drums = take_of(combo, DRUMS)
    assert (strikes(drums, 4) == MASK).all()
    assert (strikes(None, 4) == MASK).all()
