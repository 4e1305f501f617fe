"""Which voice of a polyphonic part each note belongs to.

The rule, on the grid and not by the clock, so that a loop is laid out alike wherever it stands:

- A note sounds from its step to the step that its end is nearest to, for one step at least.
- Its voice is the one below the lowest voice among the higher notes that sound with it; the highest is voice 0. So a
  held note keeps its voice, voices never cross, and a melody alone is all in voice 0.
- Notes that follow one another within one step (a trill, a fast repeat) are one ornament in one voice.
- What would lie below the last voice allowed shares the last one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.music.encode import nearest_steps
from sparseq.music.score import Note

MAX_VOICES = 8
"""Voices that a part gets at most, unless asked otherwise: two hands of four fingers."""


def stops_of(notes: Sequence[Note], starts: NDArray[np.int64], ppq: int, steps_per_beat: int) -> NDArray[np.int64]:
    """Return the step at which each note sounds no more.

    Parameters
    ----------
    notes : sequence of Note
        The notes.
    starts : int64 ndarray of shape (N,)
        Their steps.
    ppq, steps_per_beat : int
        As for `encode.steps_of`.

    Returns
    -------
    int64 ndarray of shape (N,)
        The step nearest to each end, at least one behind the start.
    """
    ends = np.fromiter((note.onset_ticks + note.duration_ticks for note in notes), np.int64, len(notes))
    return np.maximum(nearest_steps(ends, ppq, steps_per_beat), starts + 1)


def allocate_voices(
    notes: Sequence[Note],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    max_voices: int = MAX_VOICES,
) -> NDArray[np.int64]:
    """Give each note a voice, by the rule above.

    Parameters
    ----------
    notes : sequence of Note
        In order of onset.
    starts, stops : int64 ndarray of shape (N,)
        The steps each sounds from and until.
    max_voices : int
        At least 1.

    Returns
    -------
    int64 ndarray of shape (N,)
        0 for the highest voice, to `max_voices` - 1.
    """
    voices = np.zeros(len(notes), np.int64)
    if not len(notes):
        return voices
    first = int(starts.min())
    # Lists, since most notes are short: arrays would take longer to ask than to answer.
    begins, ends = (starts - first).tolist(), (stops - first).tolist()
    depth_t = [0] * max(ends)  # the voices taken in each step, from above
    groups = _ornaments(notes, starts.tolist())
    groups.sort(key=lambda group: (-notes[group[0]].pitch, group[0]))
    for group in groups:
        begin, end = begins[group[0]], max(ends[index] for index in group)
        voice = max(depth_t[begin:end])
        depth_t[begin:end] = [voice + 1] * (end - begin)
        voices[group] = min(voice, max_voices - 1)
    return voices


def _ornaments(notes: Sequence[Note], starts: Sequence[int]) -> list[list[int]]:
    """Return indices of notes, together where one begins in the same step as the other but after its end."""
    groups: list[list[int]] = []
    here: list[list[int]] = []
    step = None
    for index, note in enumerate(notes):
        if starts[index] != step:
            step, here = starts[index], []
        over = [
            group for group in here if notes[group[-1]].end_ticks <= note.onset_ticks > notes[group[-1]].onset_ticks
        ]
        if over:
            min(over, key=lambda group: abs(notes[group[-1]].pitch - note.pitch)).append(index)
        else:
            here.append([index])
            groups.append(here[-1])
    return groups
