"""How examples are attended to."""

from dataclasses import dataclass

import numpy as np

from sparseq.engine.context import HeadSpec
from sparseq.kernel.checks import check_count, check_number
from sparseq.kernel.model import SlotModel, slot_model


@dataclass(frozen=True, slots=True)
class RetrievalConfig:
    """Static configuration shared by both drivers.

    Attributes
    ----------
    sharpness : float
        Inverse temperature of the attention: nats per unit of slot weight, above 0 up to 100.
    prior_weight : float
        Mass of each value's share among the examples, in rows that match in every known slot; 0 to 1e6.
    own_weight : int
        What a row of the piece being written counts, an example's row counting 1; 1 up to 2**20.
    resolution : int
        Integer steps that a slot weight of 1 is cut into, 1 to 1000: weights are integers in the kernel.
    """

    sharpness: float = 2.0
    prior_weight: float = 1e-6
    own_weight: int = 1
    resolution: int = 10

    def __post_init__(self) -> None:
        check_number("sharpness", self.sharpness, 0.0, 100.0, open_low=True)
        check_number("prior_weight", self.prior_weight, 0.0, 1e6)
        check_count("own_weight", self.own_weight, 1, 1 << 20)
        check_count("resolution", self.resolution, 1, 1000)

    def model_of(self, spec: HeadSpec) -> SlotModel:
        """Return the kernel's integer model of one head; raises InputError for numbers out of range."""
        weights = np.rint(np.array(spec.weights, float) * self.resolution).astype(np.int64)
        tables = {
            slot: np.rint(unlike * weights[slot]) for slot, unlike in enumerate(spec.unlike) if unlike is not None
        }
        return slot_model(weights, self.sharpness / self.resolution, prior_weight=self.prior_weight, similarity=tables)
