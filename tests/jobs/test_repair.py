"""A repair as a whole: whatever the file holds, nothing changes but notes inside the choice, and nothing hangs."""

import io
import itertools
from collections import Counter, deque
from functools import partial

import mido
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import FileError, InputError
from sparseq.jobs.choice import Choice
from sparseq.jobs.draw import Draw
from sparseq.jobs.files import read_bytes
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.plan import Repair, open_music, plan_repair
from sparseq.jobs.repair import check_outputs, output_paths, repaired, replace_in_place
from sparseq.music.bars import score_bars
from sparseq.music.events import Event
from sparseq.music.keys import parse_key
from sparseq.music.score import Note, read_score
from sparseq.music.smf import Track, parse
from sparseq.music.writer import write_midi

PPQ, BARS = 24, 4
BAR = 4 * PPQ
DRUMS = 9


# Files as people have them: drums and other parts in any of several tracks, and everything else a track may hold.


def short_body(events):
    """The body of a track in running status, as many programs write it."""
    plain = Track(b"MTrk\0\0\0\0").with_events(events).events
    body, now, running = bytearray(), 0, -1
    for tick, data in plain:
        gap = tick - now
        body += bytes([gap >> 7 | 0x80, gap & 0x7F] if gap > 0x7F else [gap])
        body += data[1:] if data[0] == running else data
        running = data[0] if data[0] < 0xF0 else -1
        now = tick
    return bytes(body)


def pair(onset, length, pitch, velocity, silent_off, channel=DRUMS):
    off = bytes((0x90 | channel, pitch, 0)) if silent_off else bytes((0x80 | channel, pitch, 64))
    return [Event(onset, bytes((0x90 | channel, pitch, velocity))), Event(onset + length, off)]


OTHER = (
    "b9 07 40",  # volume of the drums
    "b0 40 7f",
    "c0 05",
    "e0 00 40",
    "99 2a 00",  # a note-off with nothing to end
    "90 3c 40",  # a note that may never end
    "80 3c 40",
    "a9 26 10",
    "d0 20",
    "f0 03 7e 7f f7",
    "f7 02 01 02",
    "f3 01",  # does not belong into a file
    "ff 51 03 07 a1 20",
    "ff 58 04 03 02 18 08",  # 3/4
    "ff 58 04 07 03 18 08",  # 7/8
    "ff 59 02 09 00",  # nine sharps
    "ff 01 03 ff 00 41",  # text in no encoding
    "ff 03 04 4b 69 74 00",
    "ff 05 00",
    "ff 7f 02 00 41",
    "ff 20 01 09",
)
MISREAD = (0xF3, 0xF7)  # symusic takes what follows these for other events, so that it is chance whether it goes on
ticks = st.integers(0, BARS * BAR - 1)
lengths, velocities = st.integers(0, 2 * BAR), st.integers(1, 127)
pairs = st.builds(pair, ticks, lengths, st.sampled_from([36, 38, 42, 46, 81]), velocities, st.booleans())
pitched = st.builds(
    pair, ticks, lengths, st.sampled_from([28, 43, 60, 62, 64, 67, 127]), velocities, st.booleans(), st.integers(0, 2)
)
loose = st.builds(Event, ticks, st.sampled_from([bytes.fromhex(text) for text in OTHER])).map(lambda event: [event])
endless = st.builds(lambda tick, data: [Event(tick, data)], ticks, st.sampled_from([b"\x99\x24\x50", b"\x90\x40\x50"]))
parts = st.lists(st.one_of(pairs, pitched, pitched, loose, endless), max_size=20)
bodies = st.tuples(parts, st.booleans()).map(
    lambda drawn: (short_body if drawn[1] else plain_body)(
        sorted(itertools.chain(*drawn[0]), key=lambda event: event.tick)
    )
)


def plain_body(events):
    return Track(b"MTrk\0\0\0\0").with_events(events).raw[8:]


def chunk(name, body):
    return name + len(body).to_bytes(4, "big") + body


def file_of(bodies, *, unknown=False, fmt=1):
    head = chunk(b"MThd", fmt.to_bytes(2, "big") + len(bodies).to_bytes(2, "big") + PPQ.to_bytes(2, "big"))
    tracks = [chunk(b"MTrk", body) for body in bodies]
    return head + b"".join([tracks[0], chunk(b"XFIH", b"what?"), *tracks[1:]] if unknown else tracks)


files = st.builds(file_of, st.lists(bodies, min_size=1, max_size=3), unknown=st.booleans())
maybe = st.none()
choices = st.builds(
    Choice,
    bars=maybe | st.sampled_from(["1", "2", "2-3", "1,3", "3-"]),
    steps=maybe | st.sampled_from(["1-4", "5-", "2,7"]),
    beats=maybe | st.sampled_from(["1", "2-3"]),
    lanes=maybe | maybe | st.sampled_from(["kick", "hats", "snare,cowbell"]),
    keep_lanes=maybe | maybe | maybe | st.just("kick"),
    tracks=maybe | st.sampled_from(["1", "2"]),
    channels=maybe | st.sampled_from(["10", "1-3", "2"]),
    strength=st.sampled_from([1.0, 1.0, 0.5]),
)


def sounding(midi):
    """Notes by the plain rule, first in first out, as an oracle: ended ones, and how many never end."""
    ended, endless = Counter(), 0
    for index, track in enumerate(midi.tracks):
        waiting = {}
        for tick, data in track.events:
            voice = data[0] & 0x0F, data[1] if len(data) > 1 else 0
            if data[0] & 0xF0 == 0x90 and data[2]:
                waiting.setdefault(voice, deque()).append((tick, data[2]))
            elif data[0] & 0xE0 == 0x80 and waiting.get(voice):
                onset, velocity = waiting[voice].popleft()
                ended[index, *voice, velocity, onset, tick] += 1
        endless += sum(len(held) for held in waiting.values())
    return ended, endless


def opens(reader, data):
    """Whether another reader opens a file; each has errors of its own for those that it does not."""
    try:
        reader(data)
    except Exception:
        return False
    return True


def with_mido(data):
    mido.MidiFile(file=io.BytesIO(data))


def spans_of(repair):
    """The ticks between which notes may go and come: those of the bars with cells to fill."""
    bars = score_bars(read_score(repair.midi))
    spans = []
    if repair.drums is not None:
        spans += [(bar.start_ticks, bar.end_ticks) for bar in bars if bar.number in repair.drums.bars]
        if max(repair.drums.bars) > len(bars):  # a stroke just before the end belongs to a bar behind it
            spans.append((bars[-1].end_ticks, bars[-1].end_ticks + BAR))
    if repair.pitched is not None:
        hole = repair.pitched
        spans += [(int(hole.starts_b[bar - 1]), int(hole.ends_b[bar - 1])) for bar in hole.bars]
    return spans


@settings(max_examples=200, deadline=None)
@given(files, choices, st.integers(0, 3))
def test_nothing_changes_but_notes_inside_the_choice_and_nothing_hangs(data, choice, seed):
    midi = parse(data, "b.mid")
    try:
        repair = plan_repair(midi, choice, ("funk-sidewalk", "ballad-harbour-light"), seed)
    except InputError:
        return
    (result,) = repaired(repair, FillSettings(seed))
    after = result.midi
    assert midi.to_bytes() == data
    assert (after.header, len(after.chunks)) == (midi.header, len(midi.chunks))

    spans = spans_of(repair)
    notes = [note for hole in (repair.drums, repair.pitched) if hole is not None for note in hole.notes]
    gone = {(note.track, index) for note in notes for index in (note.on_index, note.off_index)}
    assert all(any(a <= note.onset_ticks < b for a, b in spans) for note in notes)
    for index, (old, new) in enumerate(zip(midi.tracks, after.tracks, strict=True)):
        kept = [event for i, event in enumerate(old.events) if (index, i) not in gone]
        kept = kept[:-1] if kept and kept[-1].data == b"\xff\x2f\x00" else kept
        rest = iter(new.events)
        assert all(event in rest for event in kept), "an event is no longer there, or in another order"
        extra = list((Counter(new.events) - Counter(kept) - Counter({new.events[-1]: 1})).elements())
        assert all(event.data[0] & 0xE0 == 0x80 for event in extra)
        onsets = [event.tick for event in extra if event.data[0] >= 0x90 and event.data[2]]
        assert all(any(a <= tick < b for a, b in spans) for tick in onsets)
        if not extra and len(kept) == len(old.events) - 1:
            assert new.raw == old.raw
    for one, other in zip(midi.chunks, after.chunks, strict=True):
        assert isinstance(one, Track) or one == other

    (ended, never), (ended_after, never_after) = sounding(midi), sounding(after)
    removed = Counter(
        (n.track, n.channel, n.pitch, n.velocity, n.onset_ticks, n.end_ticks) for n in notes if n.off_index >= 0
    )
    assert not ended - removed - ended_after, "a kept note sounds otherwise than before"
    assert never_after <= never, "a note hangs"
    if any(event.data[0] in MISREAD for track in midi.tracks for event in track.events):
        return
    for reader in (with_mido, symusic.Score.from_midi):
        if opens(reader, data):
            assert opens(reader, after.to_bytes())


# What is read, planned and written.


def test_a_file_without_notes_is_refused_with_what_it_has(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(write_midi([], track_names=["Piano"]))
    with pytest.raises(InputError, match="wanted notes to go by, got none at all in 2 tracks"):
        open_music(str(path))


@pytest.mark.parametrize(
    ("division", "said"), [(0xE728, "SMPTE frames"), (0, "0 ticks per quarter note")], ids=["smpte", "zero"]
)
def test_a_file_that_counts_no_quarter_notes_is_refused(tmp_path, division, said):
    path = tmp_path / "a.mid"
    body = plain_body(pair(0, 10, 36, 90, False))
    path.write_bytes(chunk(b"MThd", b"\0\0\0\1" + division.to_bytes(2, "big")) + chunk(b"MTrk", body))
    with pytest.raises(InputError, match=said):
        open_music(str(path))


def test_the_file_alone_is_enough_where_it_has_drums_outside_the_hole(rock_bytes):
    assert plan_repair(parse(rock_bytes(), "b.mid"), Choice("3"), (), 0).examples == ()


def test_the_shipped_loops_serve_where_it_has_none(rock_bytes):
    repair = plan_repair(parse(rock_bytes(without=[1, 2, 4]), "b.mid"), Choice("3"), (), 0)
    assert len(repair.examples) > 20
    (result,) = repaired(repair, FillSettings(0))
    assert read_score(result.midi).notes


def test_loops_are_read_where_they_are_asked_for(rock_bytes):
    repair = plan_repair(parse(rock_bytes(), "b.mid"), Choice("3"), ("funk-sidewalk",), 0)
    assert [example.name for example in repair.examples] == ["funk-sidewalk"]


def test_bars_are_reported_only_where_asked_for(rock_bytes, monkeypatch):
    repair = plan_repair(parse(rock_bytes(), "b.mid"), Choice("3"), (), 0)
    assert repaired(repair, FillSettings(0))[0].bars == ()
    assert [bar.bar for bar in repaired(repair, FillSettings(0), explained=True)[0].bars] == [3]


VOICE_RULES = [
    # (a kept or removed note beside the hole, what must be true of all notes of its pitch afterwards)
    Note(2 * BAR - 30, 60, 36, 77, DRUMS),  # begins before the hole and sounds into it
    Note(2 * BAR - 30, 5 * BAR // 2, 36, 77, DRUMS),  # sounds through the whole of it
    Note(3 * BAR - 10, 40, 36, 78, DRUMS),  # begins in it and sounds out of it: it goes, its end too
    Note(3 * BAR, 40, 36, 77, DRUMS),  # begins behind it
]


@pytest.mark.parametrize("note", VOICE_RULES)
def test_notes_across_the_edges_of_the_hole_are_kept_whole_or_go_whole(note):
    kicks = [Note(k * BAR + half, 20, 36, 90, DRUMS) for k in range(5) for half in (0, BAR // 2)]
    near = [kick for kick in kicks if kick.end_ticks <= note.onset_ticks or kick.onset_ticks >= note.end_ticks]
    midi = parse(write_midi([*near, note], ppq=PPQ, end_ticks=5 * BAR, track_names=["Drums"]), "b.mid")
    hole = plan_repair(midi, Choice("3"), (), 0)
    before, (result,) = read_score(midi).notes, repaired(hole, FillSettings(0, greedy=True))
    after = read_score(result.midi).notes
    assert all(found.off_index >= 0 for found in after)
    kept = [found[:6] for found in before if found not in hole.drums.notes]
    assert Counter(kept) <= Counter(found[:6] for found in after)
    assert (note.velocity == 78) == any(gone.velocity == 78 for gone in hole.drums.notes)


def test_the_results_are_what_the_settings_say(rock_bytes):
    repair = plan_repair(parse(rock_bytes(), "b.mid"), Choice("3"), ("funk",), 4)
    found = repaired(repair, FillSettings(4, temperature=2.0), 3)
    assert len({result.midi.to_bytes() for result in found}) == 3
    assert isinstance(repair, Repair)


def test_one_result_goes_where_it_is_told_and_several_beside_it_with_numbers(tmp_path):
    assert [path.name for path in output_paths("fixed.mid", 1)] == ["fixed.mid"]
    assert [path.name for path in output_paths("fixed.mid", 3)] == ["fixed-1.mid", "fixed-2.mid", "fixed-3.mid"]
    assert output_paths(str(tmp_path), 1) == [tmp_path / "fill.mid"]
    assert output_paths(str(tmp_path), 2) == [tmp_path / "fill-1.mid", tmp_path / "fill-2.mid"]


def test_the_input_is_never_an_output(tmp_path):
    path, link = tmp_path / "a.mid", tmp_path / "link.mid"
    path.write_bytes(b"mine")
    link.symlink_to(path)
    for output in (path, link, tmp_path / "." / "a.mid"):
        for force in (False, True):
            with pytest.raises(FileError, match="use --in-place, which keeps a copy"):
                check_outputs(str(path), [output], force)
    check_outputs(str(path), [tmp_path / "b.mid"], False)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.mid", "link.mid"]


def test_in_place_every_version_is_kept(tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"1")
    names = [replace_in_place(str(path), data).name for data in (b"2", b"3", b"4")]
    assert names == ["a.mid.bak", "a.mid.bak2", "a.mid.bak3"]
    assert [read_bytes(tmp_path / name) for name in ["a.mid", *names]] == [b"4", b"1", b"2", b"3"]


def test_of_too_many_loops_some_are_learnt_from_in_the_meter_of_the_file(rock_bytes, monkeypatch):
    monkeypatch.setattr("sparseq.jobs.plan.Draw", partial(Draw, most_steps=200))
    repair = plan_repair(parse(rock_bytes(meter=(3, 4)), "b.mid"), Choice("3"), ("funk", "waltz", "house"), 0)
    assert {example.meter for example in repair.examples} == {(3, 4)}
    monkeypatch.setattr("sparseq.jobs.plan.Draw", partial(Draw, most_steps=1))
    plans = [plan_repair(parse(rock_bytes(), "b.mid"), Choice("3"), ("funk",), seed) for seed in range(5)]
    assert all(len(plan.examples) == 1 for plan in plans)
    assert len({plan.examples[0].name for plan in plans}) > 1


def test_the_key_signature_of_a_file_is_its_key(rock_bytes):
    data = rock_bytes(piano=True, key=parse_key("E minor"))
    repair = plan_repair(parse(data, "b.mid"), Choice("3"), (), 0)
    assert repair.pitched.piece.key == parse_key("E minor")
