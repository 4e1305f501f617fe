"""Music only: scores, lanes, grids, files. Knows nothing of tokens' meaning to the engine, nor of time's passing."""
