"""Which loops a stream learns from where there are more than it can listen to: drawn anew with each seed.

What a step gains from more examples ends long before a large library does (`sparseq evaluate stream` on 16 pieces of
Groove: 1.71 nats a step from 1,000 bars, 1.66 from 4,000, 1.68 from 15,000); what it costs to begin, to hold them in
memory and to look them up does not. So one stream hears some hours of music, and with another seed others.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

MOST_STEPS = 1 << 16
"""Some 4,000 bars of sixteenths: two hours."""


class Candidate(NamedTuple):
    """What is known of a loop before its notes are looked at.

    Attributes
    ----------
    counted : (str, int)
        Meter, and steps per quarter note.
    n_steps : int
        Length in steps.
    parts : collection of str
        Names and kinds of its parts.
    """

    counted: tuple[str, int]
    n_steps: int
    parts: Collection[str]


class Draw(NamedTuple):
    """How loops are drawn.

    Attributes
    ----------
    seed : int
        0 or more.
    parts : frozenset of str
        Names or kinds of parts; a loop must have one of them, or any where this is empty.
    most_steps : int
        So long are the drawn loops together, at most; one at least is drawn.
    meter : str
        The meter that they should have, such as "3/4"; the most common one where none has it.
    """

    seed: int
    parts: frozenset[str] = frozenset()
    most_steps: int = MOST_STEPS
    meter: str = ""

    def is_needed(self, candidates: Iterable[Candidate]) -> bool:
        """Tell whether these are more than can be listened to."""
        return sum(candidate.n_steps for candidate in candidates) > self.most_steps

    def drawn(self, candidates: Sequence[Candidate]) -> list[int]:
        """Return the places of the loops that are drawn, rising.

        They have a part that is wanted, and one meter and resolution, the most common among such loops.
        """
        suitable = [index for index, each in enumerate(candidates) if not self.parts or self.parts & {*each.parts}]
        suitable = [index for index in suitable if candidates[index].counted[0] == self.meter] or suitable
        counts = Counter(candidates[index].counted for index in suitable)
        best = max(counts, key=counts.__getitem__, default=None)
        pool = [index for index in suitable if candidates[index].counted == best]
        return sorted(self._first_few(pool, candidates))

    def _first_few(self, pool: Sequence[int], candidates: Sequence[Candidate]) -> Iterable[int]:
        """Yield places in an order that the seed sets, until there is no room for the next."""
        generator = random.Random(self.seed)  # its numbers are the same on every machine, unlike its shuffle
        keys = {index: generator.random() for index in pool}
        room = self.most_steps
        for count, index in enumerate(sorted(pool, key=keys.__getitem__)):
            room -= candidates[index].n_steps
            if room < 0 and count:
                return
            yield index
