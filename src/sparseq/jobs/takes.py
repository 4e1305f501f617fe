"""What a performance leaves behind: a tape as the bytes of a .mid file."""

from sparseq.music.events import Event
from sparseq.music.score import pair_notes
from sparseq.music.units import PPQ, bpm_to_tempo_us
from sparseq.music.writer import write_midi
from sparseq.realtime.tape import Tape


def tape_bytes(tape: Tape, meter: tuple[int, int], title: str) -> bytes:
    """Return what was played as a MIDI file of format 1, as long as it was played."""
    notes = pair_notes([Event(tick, data) for tick, data in tape.events])
    tempos = [(tick, bpm_to_tempo_us(bpm)) for tick, bpm in tape.tempos]
    return write_midi(
        notes,
        ppq=PPQ,
        tempos=tempos or [(0, bpm_to_tempo_us(120.0))],
        meters=[(0, *meter)],
        end_ticks=max(tape.end_ticks, 1),
        track_names=["Drums"],
        title=title,
    )
