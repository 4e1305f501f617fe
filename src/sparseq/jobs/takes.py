"""What a performance leaves behind: a tape as the bytes of a .mid file."""

from collections.abc import Mapping

from sparseq.music.events import Event
from sparseq.music.keys import Key
from sparseq.music.layout import Sound
from sparseq.music.score import pair_notes
from sparseq.music.units import PPQ, bpm_to_tempo_us
from sparseq.music.writer import write_midi
from sparseq.realtime.tape import Tape


def take_title(style: str, seed: int) -> str:
    """Return what a take is called inside its file: what to ask for to get it again, and nothing of the file's name."""
    return f"sparseq {style} seed {seed}" if style else f"sparseq seed {seed}"


def tape_bytes(
    tape: Tape, meter: tuple[int, int], title: str, sounds: Mapping[str, Sound], key: Key | None = None
) -> bytes:
    """Return what was played as a MIDI file of format 1, as long as it was played, a track for each part.

    A take that was stopped in the tick of a stroke lasts one tick more, so that the stroke lies in it.

    Parameters
    ----------
    tape : Tape
        A tape that has ended.
    meter : (int, int)
        Numerator and denominator.
    title : str
        Name of the conductor track.
    sounds : mapping of str to Sound
        The parts that were played; those of one channel share the track of the first. What was played on other channels
        gets a track of its own, too. Controllers, bends, pressure and later programs stand in the track of
        their channel.
    key : Key, optional
        Its key signature.
    """
    events = sorted(tape.events, key=lambda event: event[0])  # two may have played at once
    played = pair_notes([Event(tick, data) for tick, data in events])
    controls = [Event(tick, data) for tick, data in events if _is_control(tick, data)]
    heard = {note.channel for note in played} | {event.data[0] & 0x0F for event in controls}
    others = sorted(heard - {sound.channel for sound in sounds.values()})
    channels = [*(sound.channel for sound in sounds.values()), *others]
    names = [*(name.capitalize() for name in sounds), *(f"Channel {channel + 1}" for channel in others)]
    notes = [note._replace(track=channels.index(note.channel)) for note in played]
    tempos = [(tick, bpm_to_tempo_us(bpm)) for tick, bpm in tape.tempos]
    return write_midi(
        notes,
        ppq=PPQ,
        tempos=tempos or [(0, bpm_to_tempo_us(120.0))],
        meters=[(0, *meter)],
        key=key,
        end_ticks=max([tape.end_ticks, *(note.onset_ticks + 1 for note in notes)], default=1),
        track_names=names,
        channels=channels,
        programs=_programs(tape, sounds),
        title=title,
        releases={index: data[2] for index, (_, data) in enumerate(events) if data[0] & 0xF0 == 0x80},
        others={
            track: [e for e in controls if channels.index(e.data[0] & 0x0F) == track] for track in range(len(names))
        },
    )


def _is_control(tick: int, data: bytes) -> bool:
    """Whether this is a channel message that is no note, and no program that the track begins with."""
    return 0xA0 <= data[0] < 0xF0 and not (_is_program(data) and tick <= 0)


def _is_program(data: bytes) -> bool:
    return data[0] & 0xF0 == 0xC0


def _programs(tape: Tape, sounds: Mapping[str, Sound]) -> dict[int, int]:
    """Return the program of each part at its start: as sent, which may have been for other loops than the last."""
    sent = [data for tick, data in tape.events if tick <= 0 and _is_program(data)]
    programs = {}
    for track, sound in enumerate(sounds.values()):
        mine = [data[1] for data in sent if data[0] & 0x0F == sound.channel]
        program = sound.program if sound.program in mine or not mine else mine[0]
        if program is not None:
            programs[track] = program
    return programs
