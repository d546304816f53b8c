"""The vectors of texts, on a grid that makes cosines exact; those that are known already are not read anew."""

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from embeddings.cache import CachedEncoder
from embeddings.encoder import Encoder

# Components of vectors are rounded to whole multiples of this. A product of two is then a multiple of 2**-22,
# so every partial sum of a cosine is exact in float32: a pair's score is the same to the last bit alone or in
# a block, in any order of adding up, and ties stay ties.
GRID = np.float32(2.0**-11)
Array = NDArray[np.float32]
Progress = Callable[[str, float], None]


class Vectors:
    """The vectors of texts, in as many arrays as an encoder gives parts of a text side by side.

    Parameters
    ----------
    num_parts
        1, or more for an encoder that gives a text's passages as well.
    earlier
        Vectors of other texts: of texts that are among them too, those are taken, if the encoder has the same name.
    progress
        Called with ``"embedding"`` and the share of new texts that is read, 0 to 1.
    stored
        As in `embed`.
    """

    def __init__(
        self,
        texts: Sequence[str],
        encoder: Encoder,
        *,
        num_parts: int = 1,
        earlier: "Vectors | None" = None,
        progress: Progress | None = None,
        stored: bool = True,
    ):
        self._texts, self._encoder_name = list(texts), encoder.name
        if earlier is None or earlier._encoder_name != encoder.name or not earlier._texts:
            self.parts = _parts(embed(texts, encoder, progress, stored=stored), num_parts)
        elif earlier._texts == self._texts:
            self.parts = earlier.parts
        else:
            self.parts = self._with_known(earlier, encoder, progress)

    def among(self, rows: NDArray[np.int64]) -> "Vectors":
        """Return those of some of the texts, by number."""
        chosen = copy(self)
        chosen._texts = [self._texts[row] for row in rows.tolist()]
        chosen.parts = tuple(part[rows] for part in self.parts)
        return chosen

    def _with_known(
        self, earlier: "Vectors", encoder: Encoder, progress: Progress | None
    ) -> tuple[Array, ...]:
        row_of = {text: row for row, text in enumerate(earlier._texts)}
        rows = np.array([row_of.get(text, -1) for text in self._texts], np.int64)
        parts, is_new = tuple(part[rows] for part in earlier.parts), rows < 0
        if is_new.any():
            new = embed([self._texts[row] for row in np.flatnonzero(is_new)], encoder, progress)
            for part, read in zip(parts, _parts(new, len(parts)), strict=True):
                part[is_new] = read
        return parts


def embed(
    texts: Sequence[str], encoder: Encoder, progress: Progress | None = None, *, stored: bool = True
) -> Array:
    """Return the vectors of texts, rounded to the grid.

    Parameters
    ----------
    stored
        Whether a cached encoder stores the vectors; what someone asks for only now is faster without.
    """
    if isinstance(encoder, CachedEncoder):
        vectors = encoder.encode(texts, progress) if stored else encoder.encode_asked(texts)
    else:
        vectors = encoder.encode(texts)
    steps: Array = vectors / GRID
    return np.multiply(np.rint(steps, out=steps), GRID, out=steps)


def _parts(vectors: Array, num_parts: int) -> tuple[Array, ...]:
    if num_parts == 1:
        return (vectors,)
    return tuple(map(np.ascontiguousarray, np.split(vectors, num_parts, axis=1)))
