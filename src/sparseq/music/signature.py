"""Key signatures: what a file says of its key."""

from sparseq.music.events import payload
from sparseq.music.keys import Key
from sparseq.music.smf import MidiFile

_KEY_SIGNATURE = 0x59
_MOST_ACCIDENTALS = 7
_FIFTH, _RELATIVE_MINOR = 7, 9  # semitones up
_DEFAULT = Key(0, "major")


def key_signature(midi: MidiFile) -> Key | None:
    """Return the key that a file states first, in any of its tracks.

    Parameters
    ----------
    midi : MidiFile
        The file.

    Returns
    -------
    Key or None
        Major or minor, as meta events of type 0x59 have it (RP-001, Standard MIDI Files 1.0: -7 flats to 7 sharps,
        then 0 for major and 1 for minor); None where there is none that can be read so.
    """
    found = [
        (event.tick, index, key)
        for index, track in enumerate(midi.tracks)
        for event in track.events
        if event.data[:2] == bytes((0xFF, _KEY_SIGNATURE)) and (key := _key(payload(event.data))) is not None
    ]
    return min(found)[2] if found else None


def likely_signature(midi: MidiFile) -> Key | None:
    """Return the key that a file states, unless it is C major: many programs write that where nobody chose a key."""
    key = key_signature(midi)
    return None if key == _DEFAULT else key


def _key(data: bytes) -> Key | None:
    """Return the key of a signature's two bytes; None where they are none."""
    if len(data) != 2 or data[1] > 1:
        return None
    sharps = data[0] - 256 if data[0] > 127 else data[0]
    if abs(sharps) > _MOST_ACCIDENTALS:
        return None
    tonic = _FIFTH * sharps + (_RELATIVE_MINOR if data[1] else 0)
    return Key(tonic % 12, "minor" if data[1] else "major")
