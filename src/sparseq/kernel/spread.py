"""How far beyond the nearest row a row can be and still matter to a query, and whether searching for such rows pays."""

from sparseq.kernel.model import SlotModel
from sparseq.kernel.rows import Rows


def spread_of(model: SlotModel, rows: Rows, epsilon: float) -> int:
    """Return the distance beyond the nearest row at which any search ends, whatever the query.

    There even one row within has so much mass that all others, one step farther, have at most epsilon of it.
    """
    n_counted = int(rows.counts_n.sum(dtype="int64"))
    nearest = float(model.softmax_table[0])
    for spread, mass in enumerate(model.softmax_table[1:].tolist()):
        if float(n_counted * mass) <= epsilon * nearest:
            return spread
    return model.largest_distance


def is_searched(model: SlotModel, rows: Rows, epsilon: float, search_rows: int) -> bool:
    """Return whether queries are searched: there are many rows, and the softmax is sharp enough to leave most out.

    Where it reaches farther than a quarter of all distances there are, too many rows matter: scans take less time.
    """
    many = 0 < rows.n_rows >= search_rows
    return many and 4 * spread_of(model, rows, epsilon) <= model.largest_distance
