"""Thin shells over the domain: the command line."""
