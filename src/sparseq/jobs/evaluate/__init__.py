"""Evaluation: ours beside every simple rule, on the same cells in the same run.

``sources`` reads libraries and pieces, ``excerpts`` cuts what is asked of every method alike, ``ours`` and
`sparseq.jobs.baselines` answer, ``figures`` and ``intervals`` measure, ``report`` holds what was found, ``run`` does it
all; ``picture`` draws it.
"""
