"""The loops that sparseq ships: .mid files and their catalogue, loops.toml."""
