"""What ours has to beat: simple rules and models, each answering the same questions about the same cells.

A baseline is learnt from a library (`library.Library`), says how probable an onset is in every cell of a piece, in
order of time (``stream_p``) or in a hole (``fill_p``), and which onsets it would put there.
"""
