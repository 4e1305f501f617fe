"""Bars of pitched parts come back: as the form says where it repeats, legal always, in key and chords where asked."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.cli.main import main
from sparseq.errors import InputError
from sparseq.jobs.choice import Choice
from sparseq.jobs.explain import explain
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.novelty import longest_run
from sparseq.jobs.pitched.cells import STRIKE
from sparseq.jobs.pitched.examples import kept_scale
from sparseq.jobs.pitched.fill import PitchedFiller
from sparseq.jobs.pitched.legal import holding_nothing
from sparseq.jobs.plan import Harmony, plan_repair
from sparseq.jobs.repair import repaired
from sparseq.music.bars import score_bars
from sparseq.music.chords import parse_chords
from sparseq.music.keys import parse_key
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

from .conftest import BAR, PPQ, dig, song_bytes, song_notes


def fill(midi, choice=None, loops=(), harmony=None, **how):
    how = {"seed": 1, **how}
    repair = plan_repair(midi, choice or Choice("7"), loops, how["seed"], harmony)
    return repaired(repair, FillSettings(**how))[0].midi


def played(midi, bar):
    return {note[:3] for note in read_score(midi).notes if note.onset_ticks // BAR + 1 == bar}


@pytest.mark.parametrize("bar", range(1, 9))
def test_a_bar_of_a_song_that_repeats_comes_back_as_it_was(song, bar):
    hollow = parse(song_bytes(song_notes(8, without=[bar])), "song.mid")
    assert played(fill(hollow, Choice(str(bar)), greedy=True), bar) == played(song, bar)


@pytest.mark.parametrize("track", ["bass", "chords", "lead"])
def test_a_part_is_filled_by_what_the_others_play(song, track):
    """Two bars of the form are gone from one part; the others tell which ones they were."""
    after = fill(song, Choice("3,8", tracks=track), greedy=True)
    for bar in (3, 8):
        assert played(after, bar) == played(song, bar)


def test_parts_that_are_not_chosen_keep_their_bytes(song):
    after = fill(song, Choice("3", tracks="lead"), temperature=30.0)
    assert [old.raw == new.raw for old, new in zip(song.tracks, after.tracks, strict=True)] == [True, True, True, False]


def test_new_notes_are_played_like_those_they_lean_on(song):
    new = [note for note in read_score(fill(song, Choice("7"), greedy=True)).notes if note.onset_ticks // BAR == 6]
    by_channel = {channel: [note for note in new if note.channel == channel] for channel in range(3)}
    assert {note.velocity for note in by_channel[0]} <= set(range(80, 88))
    assert {note.duration_ticks for note in by_channel[1]} == {2 * PPQ - 30}
    assert {note.onset_ticks % 240 for note in by_channel[2]} == {5}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 8.0]), st.sampled_from([None, "9-16", "2"]))
def test_nothing_is_held_that_was_not_struck_in_the_hole(song, seed, temperature, steps):
    hole = dig(song, Choice("3-4", steps=steps, strength=0.7), seed)
    if hole is None:
        return
    filler = PitchedFiller(hole, (), FillSettings(seed, temperature=temperature))
    grid = filler.fill().grid
    n = filler.columns(grid).shape[1]
    filled = filler.mask_tl[:, :n]
    deeds = grid.cells_tl[:, :n]
    assert not holding_nothing(deeds, filled).any()
    assert not ((deeds == STRIKE) & filled & ~hole.onset_tl[:, hole.grid.indices(kind="voice")]).any()
    tokens, before = filler.columns(grid), hole.grid.tokens_tl[:, hole.grid.indices(kind="voice")]
    assert np.array_equal(tokens[~filled], before[~filled])


def test_the_same_seed_gives_the_same_bytes_and_greedy_needs_none(song):
    results = [fill(song, Choice("3-4"), seed=seed, temperature=3.0).to_bytes() for seed in (1, 1, 2)]
    assert results[0] == results[1] != results[2]
    assert len({fill(song, greedy=True, seed=seed).to_bytes() for seed in (1, 2)}) == 1


def in_hole(midi, bar=7):
    notes = read_score(midi).notes
    return [note for note in notes if note.onset_ticks // BAR + 1 == bar]


def test_chords_that_are_given_are_played_by_bass_and_chords():
    midi = parse(song_bytes(song_notes()), "song.mid")
    for text, classes in (("Dm", {2, 5, 9}), ("E", {4, 8, 11}), ("G", {7, 11, 2})):
        after = fill(midi, Choice("7"), harmony=Harmony(chords=parse_chords(text)))
        found = in_hole(after)
        assert {note.pitch % 12 for note in found if note.channel < 2} <= classes
        assert {note.channel for note in found} == {0, 1, 2}


def test_loops_are_brought_to_the_key_and_stay_in_it():
    """Nothing but bar 1 is left of the lead; what loops in other keys add lies in the scale."""
    midi = parse(song_bytes(song_notes()), "song.mid")
    for seed in range(4):
        after = fill(midi, Choice("2-8", tracks="lead"), ("ballad-harbour-light", "synthwave-coast-road"), seed=seed)
        new = {note.pitch % 12 for note in read_score(after).notes if note.channel == 2}
        assert new <= parse_key("A minor").classes


def test_a_file_keeps_to_its_scale_or_does_not(song):
    assert kept_scale(dig(song), None).classes == parse_key("C").classes
    assert kept_scale(dig(song), parse_key("F#")) == parse_key("F#")
    strays = [Note(k * PPQ, 100, 61, 60, 2, 3) for k in range(24)]
    assert kept_scale(dig(parse(song_bytes([*song_notes(), *strays]), "song.mid")), None) is None


def test_a_part_that_is_not_heard_elsewhere_learns_from_shipped_loops_or_is_refused_by_its_kind(song):
    alone = parse(song_bytes(note for note in song_notes() if note.channel or note.onset_ticks < BAR), "song.mid")
    assert {note.channel for note in in_hole(fill(alone, Choice("1")), 1)} >= {1, 2}
    with pytest.raises(InputError, match="wanted bass to go by, got none outside the hole; give --loops with bass"):
        fill(alone, Choice("1"), ("funk-sidewalk",))


def test_a_copy_limit_holds_for_pitched_parts_too(song):
    hole = dig(song, Choice("7"))
    plain = PitchedFiller(hole, (), FillSettings(1, greedy=True))
    assert longest_run(plain, plain.fill().grid).length == 16
    limited = PitchedFiller(hole, (), FillSettings(1, greedy=True, max_copy=5))
    assert longest_run(limited, limited.fill().grid).length <= 5


def test_it_is_explained_by_bars_of_the_file(song):
    hole = dig(song, Choice("7"))
    filler = PitchedFiller(hole, (), FillSettings(1, greedy=True))
    (report,) = explain(filler, filler.fill())
    assert report.sources[0].loop == ""
    assert report.sources[0].bar == 3
    assert report.longest_copy_steps == 16


@pytest.mark.parametrize(
    ("meter", "parts"), [((3, 4), 3), ((5, 4), 3), ((6, 8), 3), ((3, 4), 2), ((7, 8), 2), ((9, 8), 2), ((2, 4), 6)]
)
def test_odd_meters_and_triplets(meter, parts):
    bar, gap = 4 * PPQ * meter[0] // meter[1], PPQ // parts
    notes = [
        Note(start + tick, gap - 20, 60 + k % 5, 80, 0, 0)
        for start in range(0, 6 * bar, bar)
        for k, tick in enumerate(range(0, bar, gap))
        if start != 3 * bar
    ]
    data = write_midi(notes, ppq=PPQ, end_ticks=6 * bar, track_names=["Lead"], meters=((0, *meter),))
    after = fill(parse(data, "song.mid"), Choice("4"), greedy=True)
    new = {note[:3] for note in read_score(after).notes} - {note[:3] for note in notes}
    assert new == {(note[0] + bar, *note[1:3]) for note in notes if note[0] // bar == 2}


def test_a_meter_that_changes_within_a_bar_is_no_hindrance():
    notes = [Note(k * 240, 200, 60 + k % 4, 80, 0, 0) for k in range(32)]
    meters = ((0, 4, 4), (1000, 3, 4))
    data = write_midi(notes, ppq=PPQ, end_ticks=32 * 240, track_names=["Lead"], meters=meters)
    midi = parse(data, "song.mid")
    after = fill(midi, Choice("3"), temperature=3.0)
    bar = score_bars(read_score(midi))[2]
    outside = [
        [note[:6] for note in read_score(m).notes if not bar.start_ticks <= note.onset_ticks < bar.end_ticks]
        for m in (midi, after)
    ]
    assert outside[0] == outside[1]


@pytest.mark.parametrize(
    "words", [["--greedy"], ["--chords", "Dm"], ["--max-copy", "6", "--variations", "2"], ["--loops", "tango"]]
)
def test_both_kernels_write_the_same_bytes(song, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("song.mid").write_bytes(song.to_bytes())
    for kernel in ("native", "reference"):
        monkeypatch.setenv("SPARSEQ_KERNEL", kernel)
        Path(kernel).mkdir()
        call = ["fill", "song.mid", "--bars", "7", "--seed", "4", "--temperature", "1.5", "-q", *words]
        assert main([*call, "-o", f"{kernel}/out.mid"]) == 0
    written = [{path.name: path.read_bytes() for path in Path(kernel).iterdir()} for kernel in ("native", "reference")]
    assert written[0] == written[1]
    assert written[0]


def test_chords_are_not_for_drums(rock_bytes):
    with pytest.raises(InputError, match="chords are for bass, chords and leads to play over, but drums alone"):
        fill(parse(rock_bytes(), "b.mid"), Choice("3"), harmony=Harmony(chords=parse_chords("Dm")))


def test_steps_that_are_named_are_the_same_time_in_drums_and_other_parts():
    """Drums in sixteenths, a lead in triplets: the second quarter note is steps 5 to 8 of both."""
    lead = [Note(k * PPQ // 3, 100, 60 + k % 3, 80, 0, 1) for k in range(8 * 12)]
    drums = [Note(k * PPQ // 4, 50, 36 + 6 * (k % 4 > 0), 80, 9, 0) for k in range(8 * 16)]
    data = write_midi([*drums, *lead], ppq=PPQ, end_ticks=8 * BAR, track_names=["Drums", "Lead"])
    repair = plan_repair(parse(data, "song.mid"), Choice("4", steps="5-8"), (), 0)
    for hole in (repair.drums, repair.pitched):
        places = {(note.onset_ticks - 3 * BAR) / PPQ for note in hole.notes}
        assert min(places) >= 1 - 1 / 8
        assert max(places) < 2
