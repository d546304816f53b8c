"""A problem of plain arrays to an allocation with bounds and prices."""
