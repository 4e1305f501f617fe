"""A piece as a library keeps it: what is known of it, and its notes, packed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sparseq.music.keys import Key, parse_key
from sparseq.music.parts import Part, split_parts
from sparseq.music.piece import Piece, make_piece
from sparseq.music.score import Note, Score
from sparseq.music.units import tempo_us_to_bpm


@dataclass(frozen=True)
class Entry:
    """One piece of a library.

    Attributes
    ----------
    path : str
        The file that it was read from.
    facts : dict
        What is known without its notes: "bpm", "meter" ("7/8"), "bars", "key" ("E minor" or ""), "steps_per_beat",
        "parts" (for each "name", "kind", "channel", "track", "program", "notes"), and what the score needs.
    """

    path: str
    facts: dict[str, Any]
    packed_notes: bytes

    @property
    def name(self) -> str:
        """The file's name without its folder and ending."""
        return Path(self.path).stem

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its parts, each once, drums first."""
        return tuple(dict.fromkeys(part["kind"] for part in self.facts["parts"]))

    @property
    def key(self) -> Key | None:
        """The key of its key signature, or estimated; None for drums alone."""
        return parse_key(self.facts["key"]) if self.facts["key"] else None

    @property
    def steps_per_beat(self) -> int:
        """Steps per quarter note that suit it."""
        return int(self.facts["steps_per_beat"])

    @property
    def programs(self) -> dict[tuple[int, int], int]:
        """General MIDI programs by track and channel."""
        return {
            (part["track"], part["channel"]): part["program"]
            for part in self.facts["parts"]
            if part["program"] is not None
        }

    def score(self) -> Score:
        """Return its score; nothing is parsed, numbers are taken from the file as they are."""
        rows = np.frombuffer(zlib.decompress(self.packed_notes), "<i8").reshape(-1, 8)
        facts = self.facts
        return Score(
            facts["ppq"],
            tuple(map(Note._make, rows.tolist())),
            tuple((tick, tempo) for tick, tempo in facts["tempos"]),
            tuple((tick, upper, lower) for tick, upper, lower in facts["meters"]),
            facts["end_ticks"],
            tuple(facts["track_names"]),
        )

    def piece(self) -> Piece:
        """Return it as a `Piece`, its key and its count as they were found when it was learnt."""
        score = self.score()
        parts: tuple[Part, ...] = split_parts(score, self.programs)
        return make_piece(score, parts, steps_per_beat=self.steps_per_beat, key=self.key)


def facts_of(piece: Piece) -> dict[str, Any]:
    """Return what a library keeps of a piece beside its notes; see `Entry`."""
    score = piece.score
    return {
        "ppq": score.ppq,
        "tempos": score.tempos,
        "meters": score.meters,
        "end_ticks": score.end_ticks,
        "track_names": score.track_names,
        "bpm": round(tempo_us_to_bpm(score.tempos[0][1]), 3),
        "meter": f"{score.meters[0][1]}/{score.meters[0][2]}",
        "bars": len(piece.bars),
        "steps_per_beat": piece.steps_per_beat,
        "key": str(piece.key) if piece.key else "",
        "parts": [part._asdict() | {"notes": len(part.notes)} for part in piece.parts],
    }


def packed_notes(notes: tuple[Note, ...]) -> bytes:
    """Return notes as `Entry` keeps them."""
    return zlib.compress(np.array(notes, "<i8").reshape(-1, 8).tobytes())
