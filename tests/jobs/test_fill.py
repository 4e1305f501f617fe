import os
import subprocess
import sys

import pytest

from sparseq.errors import InputError
from sparseq.jobs.choice import Choice
from sparseq.jobs.examples import Examples
from sparseq.jobs.fill import Filler, fill_hole
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.hole import dig_hole
from sparseq.music.events import Event
from sparseq.music.lanes import lane_of
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

BAR, PPQ = 4 * 480, 480
NONE = Examples((), ())


def filled(data, examples=NONE, *, bars="3", lanes=None, keep_lanes=None, seed=2, **settings):
    """Fill and return the file before and after."""
    midi = parse(data, "b.mid")
    library = [example.score for example in examples.used]
    hole = dig_hole(midi, Choice(bars, lanes=lanes, keep_lanes=keep_lanes), library, seed)
    return midi, fill_hole(hole, examples.used, FillSettings(seed, **settings))


def outside(midi, bar, bar_ticks=BAR):
    """Return the events of each track that do not lie in a bar."""
    start, stop = (bar - 1) * bar_ticks, bar * bar_ticks
    return [[event for event in track.events if not start <= event.tick < stop] for track in midi.tracks]


def onsets(midi, bar, bar_ticks=BAR, channel=9):
    """Return (step, lane) of each drum note of a bar."""
    notes = [note for note in read_score(midi).notes if note.channel == channel]
    start = (bar - 1) * bar_ticks
    inside = [note for note in notes if start <= note.onset_ticks < start + bar_ticks]
    return [((note.onset_ticks - start) * 4 / PPQ, lane_of(note.pitch)) for note in inside]


def test_every_event_outside_the_bar_is_equal_in_all_tracks(rock_bytes, few):
    before, after = filled(rock_bytes(piano=True), few)
    assert outside(after, 3) == outside(before, 3)
    assert after.tracks[2].events == before.tracks[2].events
    assert before.to_bytes() == rock_bytes(piano=True)


def test_the_bar_is_filled_with_drums_of_the_file(rock_bytes, few):
    before, after = filled(rock_bytes(without=[3]), few)
    assert onsets(before, 3) == []
    lanes = {lane for _, lane in onsets(after, 3)}
    assert lanes
    assert lanes <= {"kick", "snare", "closed_hat"}


def test_a_steady_groove_is_repaired_as_it_was(rock_bytes):
    before, after = filled(rock_bytes(8), greedy=True)
    assert sorted(onsets(after, 3)) == sorted(onsets(before, 3))


def test_the_greedy_result_depends_on_no_seed(rock_bytes, few):
    results = {filled(rock_bytes(), few, greedy=True, seed=seed)[1].to_bytes() for seed in (0, 1, 99)}
    assert len(results) == 1


def test_a_seed_gives_the_same_bytes_again_and_another_seed_others(rock_bytes, few):
    data = rock_bytes(without=[3])
    results = [filled(data, few, seed=seed, temperature=3.0)[1].to_bytes() for seed in (1, 1, 2, 3)]
    assert results[0] == results[1]
    assert len(set(results)) > 1


def test_both_kernels_give_the_same_bytes(rock_loop, tmp_path):
    path = rock_loop(without=[3])
    for name in ("native", "reference"):
        command = [sys.executable, "-m", "sparseq.cli.main", "fill", path, "--bars", "3", "--seed", "2", "-q"]
        command += ["--loops", "funk-sidewalk", "-o", str(tmp_path / f"{name}.mid")]
        subprocess.run(command, env={**os.environ, "SPARSEQ_KERNEL": name}, check=True, timeout=60)
    assert (tmp_path / "native.mid").read_bytes() == (tmp_path / "reference.mid").read_bytes()


@pytest.mark.parametrize(
    ("choice", "touched"),
    [
        ({"lanes": "kick,snare"}, {"kick", "snare"}),
        ({"lanes": "hats"}, {"closed_hat"}),
        ({"keep_lanes": "kick"}, {"snare", "closed_hat"}),
        ({"lanes": "kick,snare", "keep_lanes": "snare"}, {"kick"}),
    ],
)
def test_lanes_that_are_not_chosen_stay_in_the_bar_too(rock_bytes, few, choice, touched):
    before, after = filled(rock_bytes(), few, temperature=5.0, **choice)
    kept = [[note[:6] for note in read_score(m).notes if lane_of(note.pitch) not in touched] for m in (before, after)]
    assert kept[0] == kept[1]


def test_a_lane_that_the_file_does_not_play_is_filled_when_named(rock_bytes, few):
    _, after = filled(rock_bytes(), few, lanes="cowbell,kick")
    assert {lane for _, lane in onsets(after, 3)} <= {"kick", "snare", "closed_hat", "cowbell"}


def test_several_bars_are_filled_at_once(rock_bytes, few):
    before, after = filled(rock_bytes(6, without=[2, 3, 5]), few, bars="2-3,5")
    assert all(onsets(after, bar) for bar in (2, 3, 5))
    for bar in (1, 4, 6):
        assert onsets(after, bar) == onsets(before, bar)


@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (7, 8), (5, 4), (3, 8)])
@pytest.mark.parametrize("ppq", [96, 960])
def test_meters_and_resolutions_of_the_file_are_kept(rock_bytes, few, meter, ppq):
    bar = 4 * ppq * meter[0] // meter[1]
    before, after = filled(rock_bytes(5, meter=meter, ppq=ppq, without=[3]), few)
    old, new = ({note[:6] for note in read_score(midi).notes} for midi in (before, after))
    assert old < new
    assert {note[0] // bar for note in new - old} == {2}
    assert (read_score(after).ppq, read_score(after).meters) == (ppq, ((0, *meter),))


def test_a_file_in_two_four_learns_from_loops_in_four_four(rock_bytes, few):
    _, after = filled(rock_bytes(5, meter=(2, 4), without=[3]), few)
    assert onsets(after, 3, BAR // 2)


def test_notes_that_begin_outside_the_bar_are_equal_however_loosely_they_are_played(few):
    notes = [Note(max(beat * PPQ - 10, 0), 700, 36, 60 + beat, 9) for beat in range(16)]
    notes += [Note(beat * PPQ + 230, 60, 42, 60 + beat, 9) for beat in range(16)]
    midis = filled(write_midi(notes, ppq=PPQ, end_ticks=4 * BAR), few)
    before, after = ([note[:6] for note in read_score(midi).notes] for midi in midis)
    assert [note for note in after if note[0] // BAR != 2] == [note for note in before if note[0] // BAR != 2]


def test_drums_on_a_track_that_is_named_so_stay_on_their_channel(few):
    notes = [Note(k * 480, 60, 36, 100, 2) for k in range(16) if not 8 <= k < 12]
    before, after = filled(write_midi(notes, ppq=PPQ, track_names=["Drum kit"], end_ticks=4 * BAR), few)
    new = [note for note in read_score(after).notes if note[:6] not in {note[:6] for note in read_score(before).notes}]
    assert new
    assert {note.channel for note in new} == {2}


def test_a_file_of_format_0_stays_one(few):
    kicks = [(k * 480, b) for k in range(16) if not 8 <= k < 12 for b in (b"\x99\x24\x64", b"\x89\x24\x40")]
    events = [Event(tick + 60 * (data[0] == 0x89), data) for tick, data in kicks]
    events += [Event(0, b"\xc0\x05"), Event(2 * BAR, b"\xe0\x00\x50"), Event(4 * BAR, b"\xff\x2f\x00")]
    empty = bytes.fromhex("4d546864 00000006 0000 0001 01e0  4d54726b 00000004 00 ff2f00")
    blank = parse(empty, "b.mid")
    midi = blank.with_tracks({0: blank.tracks[0].with_events(sorted(events, key=lambda event: event.tick))})
    before, after = filled(midi.to_bytes(), few)
    assert (after.format, len(after.tracks)) == (0, 1)
    assert outside(after, 3) == outside(before, 3)
    assert Event(2 * BAR, b"\xe0\x00\x50") in after.tracks[0].events
    assert onsets(after, 3)


def test_drums_inside_the_hole_alone_are_enough_to_know_the_lanes(rock_bytes, few):
    _, after = filled(rock_bytes(without=[1, 2, 4]), few)
    assert onsets(after, 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bars": "5"}, "bar 5 was asked for, but the file has 4 bars"),
        ({"bars": "0"}, "bar 0"),
        ({"bars": "2-9"}, "bars 2-9"),
        ({"bars": "three"}, "'three'"),
        ({"lanes": "kazoo"}, "'kazoo'"),
        ({"keep_lanes": "cowbell"}, "'cowbell'"),
    ],
)
def test_what_the_file_does_not_have_is_refused_by_name(rock_bytes, settings, said):
    with pytest.raises(InputError) as caught:
        filled(rock_bytes(), **settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_drums_is_refused(rock_bytes):
    piano = write_midi([Note(0, 400, 60, 80)], ppq=PPQ, track_names=["Piano"])
    with pytest.raises(InputError, match="drums"):
        filled(piano, bars="1")


def kit(*, without=(), split=False):
    """A groove of six bars in format 1, velocities telling the bar; its hats on a track of their own if `split`."""
    for bar in range(6):
        if bar + 1 not in without:
            yield Note(bar * BAR, 60, 36, 60 + bar, 9, 0)
            yield Note(bar * BAR + BAR // 2 + 9, 60, 38, 70 + bar, 9, 0)
            yield from (Note(bar * BAR + k * 240, 60, 42, 80 + bar, 9, int(split)) for k in range(8))


def test_each_drum_stays_on_the_track_that_plays_it(few):
    data = write_midi(list(kit(without=[3], split=True)), ppq=PPQ, end_ticks=6 * BAR, track_names=["Shells", "Hats"])
    _, after = filled(data, few, greedy=True)
    new = [note for note in read_score(after).notes if 2 * BAR <= note.onset_ticks < 3 * BAR]
    assert {(note.pitch, note.track) for note in new} == {(36, 1), (38, 1), (42, 2)}


def test_a_track_that_is_chosen_is_filled_and_the_others_keep_their_bytes(few):
    data = write_midi(list(kit(split=True)), ppq=PPQ, end_ticks=6 * BAR, track_names=["Shells", "Hats"])
    midi = parse(data, "b.mid")
    hole = dig_hole(midi, Choice("3", tracks="hats"))
    after = fill_hole(hole, few.used, FillSettings(3, temperature=10.0))
    assert after.tracks[1].raw == midi.tracks[1].raw
    assert after.tracks[2].raw != midi.tracks[2].raw


def test_a_loop_says_what_is_played_and_the_file_how_loud_and_late(few):
    data = write_midi(list(kit(without=[3])), ppq=PPQ, end_ticks=6 * BAR, track_names=["Drums"])
    for seed in range(5):
        _, after = filled(data, few, own_weight=1, seed=seed)
        new = [note for note in read_score(after).notes if note.onset_ticks // BAR == 2]
        usual = [note for note in new if note.pitch == 38 and 900 < note.onset_ticks % BAR < 1000]
        assert {note.onset_ticks % BAR for note in usual} <= {969}
        assert {note.velocity for note in usual} <= set(range(70, 76))


def test_a_stroke_of_the_first_step_is_not_played_before_the_hole(few):
    early = [note._replace(onset_ticks=note.onset_ticks - 30) for note in kit(without=[3]) if note.onset_ticks]
    before, after = filled(write_midi(early, ppq=PPQ, end_ticks=6 * BAR, track_names=["Drums"]), greedy=True)
    old, new = ({note[:6] for note in read_score(midi).notes} for midi in (before, after))
    assert old < new
    assert min(note[0] for note in new - old) == 2 * BAR
    assert max(note[0] for note in new - old) < 3 * BAR


def test_pitches_are_those_that_the_file_uses_for_the_drum(few):
    odd = {36: 35, 38: 40, 42: 42}  # the other kick and snare of General MIDI
    notes = [note._replace(pitch=odd[note.pitch]) for note in kit(without=[3])]
    _, after = filled(write_midi(notes, ppq=PPQ, end_ticks=6 * BAR, track_names=["Drums"]), few, own_weight=1)
    assert {note.pitch for note in read_score(after).notes} == {35, 40, 42}


def test_the_likelihood_is_the_mean_over_the_filled_cells(rock_bytes, few):
    filler = Filler(dig_hole(parse(rock_bytes(), "b.mid"), Choice("3")), few.used, FillSettings(2))
    filling = filler.fill()
    assert filling.log_likelihood == pytest.approx(filling.logp_tl[filler.mask_tl].mean())
    assert not filling.logp_tl[~filler.mask_tl].any()
    assert filling.log_likelihood < 0


def test_the_file_counts_more_than_loops_that_say_otherwise(rock_bytes, few):
    results = {
        weight: onsets(filled(rock_bytes(8), few, greedy=True, own_weight=weight)[1], 3) for weight in (1, 1 << 20)
    }
    assert sorted(results[1 << 20]) == sorted(onsets(parse(rock_bytes(8), "b.mid"), 3))


@pytest.mark.parametrize("hair", [1, 30, 59])
def test_a_stroke_a_hair_before_the_hole_stays_and_is_not_doubled(hair):
    """It stands for the first step of the hole: on that beat there is one kick before and one after."""
    notes = [note._replace(onset_ticks=max(note.onset_ticks - hair, 0)) for note in kit()]
    data = write_midi(notes, ppq=PPQ, end_ticks=6 * BAR, track_names=["Drums"])
    for seed in range(4):
        before, after = filled(data, seed=seed)
        at_line = [
            [note[:6] for note in read_score(midi).notes if note.pitch == 36 and abs(note.onset_ticks - 2 * BAR) < 60]
            for midi in (before, after)
        ]
        assert at_line[0] == at_line[1] == [(2 * BAR - hair, 60, 36, 62, 9, 1)]
