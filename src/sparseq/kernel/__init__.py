"""Arrays only."""
