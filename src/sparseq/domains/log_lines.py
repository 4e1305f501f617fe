"""Lines of logs: the time at the start, the template of the message, and what stands at its places."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sparseq.domains.extras import lab_extra

TIME = re.compile(
    r"(?P<open>\[?)(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?P<fraction>[.,]\d{1,6})?(?P<zone>Z|[+-]\d\d:?\d\d)?"
    r"|(?P<syslog>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d))(?P<close>\]?)"
)
SYSLOG_YEAR = 2000
"""Syslog leaves the year out."""
# What varies within a word: addresses, identifiers, numbers. In this order.
MASKS = (
    (r"(?<=\w=)[^\s,;)\]]+", "VAL"),
    (r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", "IP"),
    (r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])", "ID"),
    (r"(?<!\w)(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}(?!\w)", "ID"),
    (r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?=(?:ms|s|kB|MB|GB|%)?(?!\w))", "NUM"),
)
PLACE = re.compile(r"<(?:\*|IP|ID|NUM|VAL)>")
SIMILARITY = 0.65
"""Share of words that a message has in common with a template to be of it."""


class LogLine(NamedTuple):
    """One line.

    Attributes
    ----------
    stamp : Stamp or None
        How its time is written, None for a line without.
    micros : int
        Its time in microseconds, from the year 1 on; 0 without.
    message : str
        What follows the time, blanks before it included.
    """

    stamp: "Stamp | None"
    micros: int
    message: str


class Stamp(NamedTuple):
    """How a time is written."""

    open: str
    separator: str
    fraction: str
    zone: str
    close: str

    def text(self, micros: int) -> str:
        """Return a time, in microseconds, in this way of writing."""
        digits = max(len(self.fraction) - 1, 0)
        moment = datetime.fromordinal(1) + timedelta(microseconds=micros)
        if not self.separator:
            written = f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}"
        else:
            written = f"{moment:%Y-%m-%d}{self.separator}{moment:%H:%M:%S}"
        fraction = self.fraction[:1] + f"{moment.microsecond:06d}"[:digits]
        return f"{self.open}{written}{fraction}{self.zone}{self.close}"


def read_line(text: str) -> LogLine:
    """Split a line into time and message."""
    found = TIME.match(text)
    if found is None:
        return LogLine(None, 0, text)
    fraction, message = found["fraction"] or "", text[found.end() :]
    try:
        if found["iso"]:
            moment = datetime.fromisoformat(found["iso"])
        else:
            moment = datetime.strptime(f"{SYSLOG_YEAR} {found['syslog']}", "%Y %b %d %H:%M:%S")
    except ValueError:  # looks like a time but is none: the 31st of February
        return LogLine(None, 0, text)
    micros = (moment - datetime.fromordinal(1)) // timedelta(microseconds=1) + int(fraction[1:].ljust(6, "0"))
    separator = found["iso"][10] if found["iso"] else ""
    return LogLine(Stamp(found["open"], separator, fraction, found["zone"] or "", found["close"]), micros, message)


def mine_templates(messages: Sequence[str]) -> list[str]:
    """Return the template of each message, ``<*>``, ``<IP>``, ``<NUM>`` and so on where messages differ (Drain)."""
    with lab_extra("mining templates"):
        from drain3 import TemplateMiner
        from drain3.masking import MaskingInstruction
        from drain3.template_miner_config import TemplateMinerConfig
    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in MASKS]
    config.drain_sim_th = SIMILARITY
    miner = TemplateMiner(config=config)
    numbers = [miner.add_log_message(message.strip())["cluster_id"] for message in messages]
    templates = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    return [templates[number] for number in numbers]


def values_of(template: str, message: str) -> tuple[str, ...] | None:
    """Return what stands at the places of a template, None if the message is not of it."""
    found = pattern_of(template).fullmatch(message.strip())
    return found.groups() if found else None


def pattern_of(template: str) -> re.Pattern[str]:
    """Return the pattern of a template's messages, one group for each place."""
    parts = (r"\s+".join(map(re.escape, re.split(r"\s+", part))) for part in PLACE.split(template))
    return re.compile("(.*?)".join(parts))


def written(template: str, values: Sequence[str]) -> str:
    """Return the message of a template with these values at its places."""
    rest = iter(values)
    return PLACE.sub(lambda place: next(rest, place[0]), template)
