"""Texts to vectors, a cache for them, and dense and lexical search."""

from embeddings.cache import CachedEncoder
from embeddings.encoder import Encoder, SentenceEncoder, WordHashEncoder
from embeddings.lexical import Lexical
from embeddings.models import ModelError
from embeddings.search import PairScorer, Search, TextScores, top_k

__all__ = [
    "CachedEncoder",
    "Encoder",
    "Lexical",
    "ModelError",
    "PairScorer",
    "Search",
    "SentenceEncoder",
    "TextScores",
    "WordHashEncoder",
    "top_k",
]
