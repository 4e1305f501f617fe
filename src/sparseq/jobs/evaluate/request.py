"""What a person asks `evaluate` for."""

from dataclasses import dataclass

from sparseq.errors import InputError

TASKS = ("stream", "fill")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be evaluated.

    Attributes
    ----------
    task : str
        "stream" or "fill".
    library, on : str
        Folder, file, name or style of loops, or .npz.
    split : str
        "valid" or "test".
    seed : int
        Of orders, draws and resamples, 0 or more.
    protocol : str or None
        "coconet" for chorales; None for drums.
    calibrate : bool
        Choose our numbers on the library first, instead of the defaults; drums only.
    pitched : bool
        Ask about bass, chords and leads instead of drums.

    Raises
    ------
    InputError
        For what does not go together.
    """

    task: str
    library: str
    on: str
    split: str = "valid"
    seed: int = 0
    protocol: str | None = None
    calibrate: bool = False
    pitched: bool = False

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InputError(f"task: wanted {' or '.join(TASKS)}, got {self.task!r}")
        if self.protocol and self.task != "fill":
            raise InputError(f"protocol {self.protocol}: wanted the task fill, got {self.task}")
        if self.protocol and self.calibrate:
            raise InputError(f"protocol {self.protocol}: wanted no calibration, its numbers are fixed")
        if self.pitched and (self.task != "fill" or self.calibrate or self.protocol):
            raise InputError("pitched parts: wanted the task fill, without calibration or protocol")
