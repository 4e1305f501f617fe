"""sparseq: the examples are the model."""

__version__ = "0.1.0"
