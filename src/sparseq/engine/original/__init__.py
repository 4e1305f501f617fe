"""The published original's two generators, re-expressed on the vector kernel: the baseline to beat.

Both look a random Gaussian embedding of the context up among the contexts of a corpus and read back what stood there.
The retriever streams: keys are single tokens with their position, values the tokens that follow. The diffuser fills:
keys are sums of the neighbours, values the tokens themselves, and masked cells are settled in the order of confidence.
"""

from sparseq.engine.original.diffuser import FILL_CONFIG, MASK, NEIGHBOUR_WEIGHTS, OriginalDiffuser
from sparseq.engine.original.embedding import QUALITY, embedding_table
from sparseq.engine.original.retriever import STREAM_CONFIG, OriginalRetriever, OriginalStream

__all__ = [
    "FILL_CONFIG",
    "MASK",
    "NEIGHBOUR_WEIGHTS",
    "QUALITY",
    "STREAM_CONFIG",
    "OriginalDiffuser",
    "OriginalRetriever",
    "OriginalStream",
    "embedding_table",
]
