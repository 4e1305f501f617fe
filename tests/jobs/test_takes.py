import pytest

from sparseq.jobs.takes import take_title, tape_bytes
from sparseq.music.layout import Sound
from sparseq.music.score import read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ
from sparseq.realtime.bar import Bar
from sparseq.realtime.tape import Tape

ON, OFF = bytes.fromhex("992464"), bytes.fromhex("892400")
BAR = 3 * PPQ


def taped(*events, end, bpms=(120.0,)):
    tape = Tape()
    for number, bpm in enumerate(bpms):
        tape.begin_bar(number * BAR, Bar(BAR, bpm, PPQ), False)
    for tick, data in events:
        tape.write(tick, data)
    tape.finish(end)
    return tape


def score_of(tape):
    return read_score(parse(tape_bytes(tape, (3, 4), "Take", {"drums": Sound("drums", 9, None)}), "take.mid"))


def test_a_take_is_as_long_as_it_was_played_with_its_notes_meter_and_tempo():
    score = score_of(taped((10, ON), (100, OFF), end=BAR, bpms=(90.0,)))
    assert [note[:5] for note in score.notes] == [(10, 90, 0x24, 0x64, 9)]
    assert (score.ppq, score.meters, score.tempos) == (PPQ, ((0, 3, 4),), ((0, 666_667),))
    assert score.end_ticks == BAR
    assert score.track_names == ("Take", "Drums")


def test_releases_are_as_they_were_played():
    """A note-on of velocity 0 is a release of no velocity: 64 is what the MIDI standard has for that."""
    keys = [
        (0, bytes([0x90, 60, 100])),
        (50, bytes([0x80, 60, 17])),
        (60, bytes([0x90, 60, 90])),
        (90, b"\x90\x3c\x00"),
    ]
    data = tape_bytes(taped(*keys, (95, ON), end=BAR), (3, 4), "Take", {"drums": Sound("drums", 9, None)})
    offs = [event for track in parse(data, "take.mid").tracks for event in track.events if event.data[0] & 0xF0 == 0x80]
    assert sorted(offs) == [(50, b"\x80\x3c\x11"), (90, b"\x80\x3c\x40"), (BAR, b"\x89\x24\x40")]


def test_changes_of_tempo_stand_where_they_were():
    assert score_of(taped(end=2 * BAR, bpms=(120.0, 60.0))).tempos == ((0, 500_000), (BAR, 1_000_000))


def test_a_note_that_was_cut_off_ends_where_the_take_ends():
    (note,) = score_of(taped((10, ON), end=500)).notes
    assert (note.onset_ticks, note.end_ticks) == (10, 500)


def test_a_take_stopped_in_the_tick_of_a_stroke_can_be_written():
    """A stroke at the very end was refused by the writer, and the take was lost."""
    score = score_of(taped((0, ON), (50, OFF), (500, ON), end=500))
    assert [note.onset_ticks for note in score.notes] == [0, 500]
    assert score.end_ticks == 501


def test_controllers_bends_pressure_and_programs_that_were_sent_are_written_in_the_track_of_their_channel():
    on, off = bytes([0x90, 60, 100]), bytes([0x80, 60, 0])
    mine = [(10, bytes([0xE0, 0, 80])), (10, on), (20, bytes([0xB0, 1, 64])), (30, bytes([0xD0, 9])), (90, off)]
    drums = [(5, ON), (6, bytes([0xA9, 36, 7])), (40, OFF), (50, bytes([0xC9, 24]))]
    alone = [(60, bytes([0xB2, 7, 100]))]
    data = tape_bytes(taped(*mine, *drums, *alone, end=BAR), (3, 4), "Take", {"drums": Sound("drums", 9, None)})
    tracks = [
        [(event.tick, event.data) for event in track.events if event.data[0] < 0xF0 and event.data[0] & 0xE0 != 0x80]
        for track in parse(data, "take.mid").tracks
    ]
    assert tracks == [[], drums[1:2] + drums[3:], [mine[0], *mine[2:4]], alone]
    assert read_score(parse(data, "take.mid")).track_names == ("Take", "Drums", "Channel 1", "Channel 3")


def test_a_part_begins_with_the_program_that_was_sent_and_changes_where_another_was():
    sounds = {"bass": Sound("bass", 0, 38)}  # what the loops asked for in the end
    tape = taped((0, bytes([0xC0, 33])), (BAR, bytes([0xC0, 38])), end=2 * BAR)
    (_, part) = parse(tape_bytes(tape, (3, 4), "Take", sounds), "take.mid").tracks
    assert [(e.tick, e.data) for e in part.events if e.data[0] == 0xC0] == [(0, b"\xc0\x21"), (BAR, b"\xc0\x26")]


def test_what_somebody_else_played_has_a_track_of_its_own():
    """A jam with a keyboard passed on could not be saved."""
    keys = (bytes([0x90, 60, 100]), bytes([0x80, 60, 0]))
    score = score_of(taped((300, ON), (400, OFF), (10, keys[0]), (350, keys[1]), end=BAR))
    assert score.track_names == ("Take", "Drums", "Channel 1")
    assert [(note.onset_ticks, note.channel, note.track) for note in score.notes] == [(10, 0, 2), (300, 9, 1)]


def test_a_take_without_a_single_event_can_be_written():
    assert score_of(Tape()).notes == ()


@pytest.mark.parametrize(("style", "title"), [("funk", "sparseq funk seed 7"), ("", "sparseq seed 7")])
def test_a_title_says_how_to_get_the_take_again(style, title):
    assert take_title(style, 7) == title
