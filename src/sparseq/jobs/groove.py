"""The groove of a loop that a person names, to be put on another."""

from sparseq.errors import InputError
from sparseq.jobs.loading import load_examples
from sparseq.music.groove import GrooveTemplate, take_template
from sparseq.music.partgrid import encode_piece


def load_groove(spec: str) -> GrooveTemplate:
    """Take timing and accents from one loop: of its drums, or of all that it plays where it has none.

    Parameters
    ----------
    spec : str
        A file, or the name of a loop.

    Returns
    -------
    GrooveTemplate
        Its groove.

    Raises
    ------
    InputError, FileError
        If it is not there, is several loops, or holds no notes.
    """
    used = load_examples([spec], pitched=True).used
    if len(used) > 1:
        names = ", ".join(example.name for example in used[:3])
        raise InputError(f"wanted one loop to take the groove from, but {spec!r} names {len(used)}: {names}, ...")
    piece = used[0].piece()
    grid = encode_piece(piece)
    return take_template(grid.drum_grid() if "drums" in grid.sounds else grid)
