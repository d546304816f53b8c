"""Texts to vectors, a cache for them, and dense and lexical search."""
