"""Evaluation: ours beside every simple rule, on the same cells in the same run.

``sources`` reads libraries and pieces; ``drums`` cuts what is asked of every method alike and asks; ``ours`` and, by
``methods``, `sparseq.jobs.baselines` answer; ``figures`` and ``intervals`` measure; ``report`` holds what was found and
``picture`` draws it. ``run`` leads a request there, or to `sparseq.jobs.chorales`.
"""
