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
        gets a track of its own, too.
    key : Key, optional
        Its key signature.
    """
    events = sorted(tape.events, key=lambda event: event[0])  # two may have played at once
    played = pair_notes([Event(tick, data) for tick, data in events])
    others = sorted({note.channel for note in played} - {sound.channel for sound in sounds.values()})
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
        programs={track: sound.program for track, sound in enumerate(sounds.values()) if sound.program is not None},
        title=title,
    )
