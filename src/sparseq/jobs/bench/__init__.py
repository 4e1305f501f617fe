"""The benchmark: what the kernel and the two codings cost on this machine, measured side by side in one run.

`sizes` says how much is measured, `timing` how. Each part is a file of its own: `attention` (dense, sparse and gated),
`decode` (with and without a cache), `codings` (slots against vectors, over the corpora of `tasks`), and `growth` (one
look-up in libraries up to ten million rows). `run` takes them in turn, `report` derives the ratios, `tables` lays out.
"""
