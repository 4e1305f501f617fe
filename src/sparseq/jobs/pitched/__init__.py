"""Repair of pitched parts: bass, chords and leads beside each other, filled from both sides."""
