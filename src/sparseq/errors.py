"""The errors that sparseq raises: one root, each also a builtin, each message one line for a person."""


class SparseqError(Exception):
    """Root of every error that sparseq raises on purpose."""


class InputError(SparseqError, ValueError):
    """A value, option or file content that cannot be used as asked."""


class FileError(SparseqError, OSError):
    """A file or folder that cannot be read or written."""


class PortError(SparseqError, RuntimeError):
    """A MIDI port that cannot be opened, or was lost."""


class CapacityError(SparseqError, OverflowError):
    """A store of fixed size that is full."""
