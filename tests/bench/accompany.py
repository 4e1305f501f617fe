"""What accompaniment gains by the choice of a style and by hearing: each shipped loop, one of its parts left out.

usage: python tests/bench/accompany.py      prints the table that ACCOMPANY.md keeps

The other parts are the take. It is accompanied by the other shipped loops with all parts in 4/4: those of a style that
is drawn, or that suits; or by all of them as loops of one folder, that of the take among them. What comes is compared
with the part that was left out. Where nothing is heard, the same loops are streamed as `sparseq export` does, in the
key and over the chords of the take.
"""

from itertools import islice, product

import numpy as np

from sparseq.jobs.accompany import accompanied, fitted
from sparseq.jobs.examples import Examples
from sparseq.jobs.likeness import of_fitting_style
from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.stream.backing import Backing
from sparseq.music.edit import replace_notes
from sparseq.music.encode import steps_of
from sparseq.music.lanes import lane_of
from sparseq.music.loops import default_band, find_all
from sparseq.music.parts import programs_of, split_parts
from sparseq.music.piece import Piece, make_piece
from sparseq.music.score import read_score
from sparseq.music.smf import parse

SEEDS = range(4)
PARTS = ("drums", "bass", "chords")
"""Of drums the kick is compared."""
DRAWN, SUITS, FOLDER = SOURCES = ("others, a style drawn", "others, the style that suits", "all, as one folder")


def onsets(notes, ppq, n_steps):
    """Return whether anything strikes at each step: bool ndarray of shape (T,)."""
    out = np.zeros(n_steps, bool)
    steps = steps_of(notes, ppq, 4)
    out[steps[steps < n_steps]] = True
    return out


def compared(notes, part):
    """Return the notes of a part that are compared."""
    return [note for note in notes if part != "drums" or lane_of(note.pitch) == "kick"]


def of_one_style(examples, seed):
    """Return the loops of a style drawn by the seed."""
    styles = sorted({example.style for example in examples.used})
    style = styles[np.random.Generator(np.random.Philox(seed)).integers(len(styles))]
    return examples._replace(used=tuple(example for example in examples.used if example.style == style))


def streamed(piece, examples, part, seed):
    """Return onset steps of a part that hears nothing but key and chords."""
    backing = Backing(piece, piece.bars)
    settings = fitted(StreamSettings(seed), piece, backing, examples, {part})
    stream = Stream(examples, settings)
    steps = []
    for number, grid in enumerate(islice(stream.bars(), len(piece.bars))):
        wanted = {
            k for k, lane in enumerate(grid.lanes) if lane.part == part and (part != "drums" or lane.name == "kick")
        }
        steps += [number * grid.n_steps + step for step, lane in grid.hits if lane in wanted]
    out = np.zeros(piece.n_steps, bool)
    out[steps] = True
    return out


def learnt(examples: Examples, name: str, part: str, piece: Piece, source: str, seed: int) -> Examples:
    """Return the loops to learn from."""
    if source == FOLDER:
        return examples._replace(used=tuple(each._replace(style="") for each in examples.used))
    others = examples._replace(used=tuple(each for each in examples.used if each.name != name))
    return of_fitting_style(others, {part}, piece) if source == SUITS else of_one_style(others, seed)


def counts_of(name: str, examples: Examples, part: str, source: str, hears: bool, seed: int) -> np.ndarray:
    """Return onsets met, said and played."""
    midi = parse(find_all([name])[0].read(), name)
    whole = read_score(midi)
    left_out = next(each for each in split_parts(whole, programs_of(midi)) if each.name == part)
    take = replace_notes(midi, left_out.notes, ())
    score = read_score(take)
    piece = make_piece(score, split_parts(score, programs_of(take)), steps_per_beat=4)
    loops = learnt(examples, name, part, piece, source, seed)
    if hears:
        done = accompanied(take, loops, StreamSettings(seed, parts=frozenset({part})))
        notes = [note for note in read_score(done.midi).notes if note.track >= len(take.tracks)]
        said = onsets(compared(notes, part), score.ppq, piece.n_steps)
    else:
        said = streamed(piece, loops, part, seed)
    played = onsets(compared(left_out.notes, part), score.ppq, piece.n_steps)
    return np.array([(said & played).sum(), said.sum(), played.sum()])


def main() -> None:
    """Print the table."""
    examples = load_examples([source.name for source in default_band()], 4, pitched=True)
    names = [example.name for example in examples.used]
    print(f"Onset F1 over {len(names)} loops, {len(SEEDS)} seeds each\n")
    print(
        "| learnt from | hears the take | " + " | ".join("kick" if part == "drums" else part for part in PARTS) + " |"
    )
    print("|---|---|" + "---|" * len(PARTS))
    for source, hears in product(SOURCES, (False, True)):
        line = []
        for part in PARTS:
            counts = [counts_of(name, examples, part, source, hears, seed) for name in names for seed in SEEDS]
            met, said, played = sum(counts)
            line.append(f"{2 * met / (said + played):.2f}")
        print(f"| {source} | {'yes' if hears else 'no'} | " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
