"""The groove that is asked for, put on a bar: feel, a template, chance, and swing last so that it comes out exact."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from sparseq.jobs.stream.settings import StreamSettings
from sparseq.music.groove import apply_template, humanize, scale_feel
from sparseq.music.partgrid import PartGrid
from sparseq.music.swing import apply_swing


def felt(grid: PartGrid, settings: StreamSettings, levels: Callable[[], Mapping[int, float]], bar: int) -> PartGrid:
    """Return a bar in the groove that is asked for.

    Parameters
    ----------
    grid : PartGrid
        The bar as written.
    settings : StreamSettings
        Feel, groove, humanize, swing; and the seed, which chance begins with.
    levels : callable
        Returns the average velocity of each lane.
    bar : int
        Number of the bar, for chance.

    Returns
    -------
    PartGrid
        The same tokens, other hits.
    """
    if settings.feel != 1:
        grid = replace(grid, hits=scale_feel(grid, settings.feel, levels()))
    if settings.groove is not None:
        grid = replace(grid, hits=apply_template(grid, settings.groove))
    if settings.humanize:
        random = np.random.default_rng([settings.seed, bar])
        grid = replace(grid, hits=humanize(grid, settings.humanize, random))
    if settings.swing is not None:
        grid = replace(grid, hits=apply_swing(grid, settings.swing))
    return grid
