"""What people look at: text grids, pictures, tables."""
