"""Runs: what one does, where it is done, and how none is lost."""
