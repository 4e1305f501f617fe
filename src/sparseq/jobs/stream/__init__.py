"""The stream: new music, bar by bar, from loops.

`stream.Stream` writes bars; `settings` says what may be asked of it. `material` holds the loops in memory, brought to
one tonic, and `roster` says who plays. Three sections write, each hearing those before it: `drums`, `harmony` (the
chords) and `voices` (all pitched parts, by `contexts` and `rules`, `over` what they hear). `feel` puts the groove on
what was written.
"""

from sparseq.jobs.stream.drums import RETRIEVAL
from sparseq.jobs.stream.settings import StreamSettings
from sparseq.jobs.stream.stream import Stream
from sparseq.jobs.stream.written import OWN_STEPS

__all__ = ["OWN_STEPS", "RETRIEVAL", "Stream", "StreamSettings"]
