"""Tokens only: grids, contexts, memories and the two drivers over them."""
