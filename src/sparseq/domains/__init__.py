"""Other alphabets beside music: each turns its data into grids of tokens, says what a cell looks at, and measures.

`protocol` holds the four functions that make a domain, and the two drivers over any domain. `mario` (levels), `configs`
(YAML and HCL files), `loglines` (log templates) and `tiles` (patches of images) are domains; the files beside them hold
their metrics, pictures and parts. What they need beyond numpy is imported where it is used: see `extras`.
"""
