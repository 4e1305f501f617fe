"""Loops for pitched parts: their parts beside the song's by kind, in its key, the fitting ones of many."""

import numpy as np
import pytest

from sparseq.jobs.loading import load_examples
from sparseq.jobs.pitched.examples import example_grid, fitting, pitched_examples
from sparseq.music.keys import Key
from sparseq.music.layout import VOICE, layout_of
from sparseq.music.piece import read_piece
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

from .conftest import BAR, PPQ, dig, song_bytes, song_notes


def piece_of(midi):
    return read_piece(midi)


def line(pitches, name, meter=(4, 4)):
    notes = [Note(k * PPQ, PPQ - 20, pitch, 80, 0, 0) for k, pitch in enumerate(pitches * 4)]
    meters = ((0, *meter),)
    return read_piece(parse(write_midi(notes, ppq=PPQ, end_ticks=4 * BAR, track_names=[name], meters=meters), "x.mid"))


def test_a_song_in_another_key_reads_as_if_it_were_in_this_one(song):
    up = parse(song_bytes([note._replace(pitch=note.pitch + 3) for note in song_notes()]), "up.mid")
    own = read_piece(song)
    there = example_grid(read_piece(up), layout_of([own]), own.key)
    lanes = there.indices(kind=VOICE)
    assert np.array_equal(there.tokens_tl[:, lanes], dig(song).grid.tokens_tl[:, lanes])


def test_parts_meet_by_kind_and_what_an_example_does_not_play_is_not_known(song):
    grid = example_grid(line([40, 43, 45, 47], "Bass"), layout_of([read_piece(song)]), Key(0, "major"))
    known = {grid.lanes[lane].part for lane in grid.indices(kind=VOICE) if grid.known_l[lane]}
    assert known == {"bass"}
    assert example_grid(line([70, 72, 74, 75], "Lead"), layout_of([line([40] * 4, "Bass")]), None) is None


def test_a_second_part_of_a_kind_learns_from_the_last_there_is():
    twice = [*song_notes(), *(note._replace(channel=4, track=4) for note in song_notes() if note.channel == 0)]
    song = parse(song_bytes(twice, names=("Bass", "Chords", "Lead", "Sub bass")), "song.mid")
    grid = example_grid(line([40, 43, 45, 47], "Bass"), layout_of([read_piece(song)]), None)
    lanes = [grid.indices(kind=VOICE, part=part)[0] for part in ("bass", "bass 2")]
    assert np.array_equal(grid.tokens_tl[:, lanes[0]], grid.tokens_tl[:, lanes[1]])


def test_of_many_loops_those_that_fit_are_learnt_from(song):
    own = read_piece(song)
    loops = [
        line([60, 62, 64, 65], "Lead", (3, 4)),
        line([60, 62, 64, 65], "Pad"),
        line([40, 43, 45, 47], "Bass"),
        own,
    ]
    assert fitting(own, ["bass", "chords", "lead"], loops, most=4) == [0, 1, 2, 3]
    assert fitting(own, ["bass", "chords", "lead"], loops, most=1) == [3]
    assert 0 not in fitting(own, ["lead"], loops, most=3)
    assert fitting(own, ["bass"], loops, most=2) == [2, 3]


@pytest.mark.parametrize("given", [True, False])
def test_loops_are_read_where_asked_for_or_needed(song, given):
    loops = load_examples(["ballad-harbour-light"], 4, pitched=True).used if given else None
    assert bool(pitched_examples(dig(song), loops)) == given
