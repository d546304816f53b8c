"""What the service keeps: its tables, its database, and districts in and out of it."""
