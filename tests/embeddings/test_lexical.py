import math
from itertools import chain

import bm25s
import numpy as np
import pytest
import Stemmer

from embeddings.lexical import Lexical, count_stems, number_stems, stems_of

DOCUMENTS = [
    "Volunteers read with children after school",
    "School supplies and winter coats for families, and more coats",
    "Reading tutors for the early grades; reading, reading, reading",
    "",
    "the of and to",
    "A garden club",
]


def test_scores_are_those_of_bm25s() -> None:
    texts = random_texts(seed=3, number=200)
    queries = random_texts(seed=4, number=20)
    stems = Stemmer.Stemmer("english").stemWords
    words = [stems([w for w in text.split() if w not in ("the", "and", "for")]) for text in texts]
    peer = bm25s.BM25()
    peer.index(words, show_progress=False)
    known = set(chain.from_iterable(words))
    asked = [[w for w in stems(query.split()) if w in known] for query in queries]
    expected = [peer.get_scores(words) if words else np.zeros(200) for words in asked]
    np.testing.assert_allclose(Lexical(texts).scores(queries).toarray(), expected, rtol=1e-5, atol=1e-6)


def test_score_worked_by_hand() -> None:
    # Two documents of 2 and 4 words, average 3. "coats" stands twice in the second only:
    # idf = ln(1 + (2 - 1 + 0.5) / (1 + 0.5)) = ln 2; tf = 2 / (2 + 1.5 (0.25 + 0.75 * 4 / 3)) = 2 / 3.875.
    lexical = Lexical(["winter boots", "coats scarves coats gloves"])
    assert lexical.scores(["coats"]).toarray() == pytest.approx(
        np.array([[0, math.log(2) * 2 / 3.875]]), abs=1e-4
    )


def test_word_said_twice_in_a_query_counts_twice() -> None:
    once, twice = Lexical(DOCUMENTS).scores(["coats", "coats coats"]).toarray()
    assert twice.tolist() == (2 * once).tolist()
    assert once[1] > 0


def test_other_forms_of_a_word_are_found() -> None:
    scores = Lexical(DOCUMENTS).scores(["a reader reads", "VOLUNTEERING"]).toarray()
    assert scores[0, 0] > 0
    assert scores[0, 2] > 0
    assert scores[1].argmax() == 0


def test_stop_words_and_single_letters_are_not_counted() -> None:
    texts = ["The A of x y, then how their garden", "para los niños y de la escuela, más"]
    stems = [stems_of(text) for text in texts]
    assert number_stems(stems) == {"garden": 0, "nino": 1, "escuela": 2}
    assert count_stems(stems, number_stems(stems)).toarray().tolist() == [[1, 0, 0], [0, 1, 1]]


@pytest.mark.parametrize("written", ["niños músicos", "ninos musicos", "nin\u0303os mu\u0301sicos", "NIÑOS"])
def test_accents_are_folded(written: str) -> None:
    accented, plain = (Lexical([text, "Abrigos"]) for text in ["músicos para niños", "musicos para ninos"])
    assert accented.scores([written]).toarray().tolist() == plain.scores([written]).toarray().tolist()
    assert plain.scores([written])[0, 0] > 0


def test_unknown_words_and_blank_queries_score_zero() -> None:
    assert Lexical(DOCUMENTS).scores(["xylophone", "", "the"]).nnz == 0


def test_no_documents_and_no_words_are_fine() -> None:
    assert Lexical([]).scores(["coats"]).shape == (1, 0)
    assert Lexical(["", "the"]).scores(["coats", ""]).toarray().tolist() == [[0, 0], [0, 0]]
    assert Lexical(DOCUMENTS).scores([]).shape == (0, 6)


def random_texts(seed: int, number: int) -> list[str]:
    """Return texts of zero to 29 words out of 55, the first ones frequent and stop words."""
    random = np.random.default_rng(seed)
    words = [
        "the",
        "and",
        "for",
        *(f"{a}{b}ing" for a in "bcdfghklmnprt" for b in ["ark", "oll", "ump", "ent"]),
    ]
    picks = (random.zipf(1.3, random.integers(0, 30)) - 1 for _ in range(number))
    return [" ".join(words[i % len(words)] for i in pick) for pick in picks]
