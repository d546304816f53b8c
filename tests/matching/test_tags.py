"""Tags: which areas a text is about, by words, by meaning and by what was given."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from embeddings import CachedEncoder, SentenceEncoder, WordHashEncoder
from embeddings.encoder import DEFAULT_NAME
from matching.areas import area_numbered, focus_areas
from matching.tags import Tagger, Tags, calibrated, log_odds, softmax, tag
from matching.texts import Texts
from tests.districts import make_district, make_need, make_offer

MATH, READING = area_numbered("math"), area_numbered("reading")


def keys(tags: Tags) -> list[str]:
    """Return the key of each text's best area, blank where there is none."""
    return [focus_areas()[number].key if number >= 0 else "" for number in tags.best().tolist()]


def test_texts_are_tagged_by_their_words_without_a_model() -> None:
    texts = ["Algebra and geometry tutoring", "Groceries and canned goods", "Xyzzy", ""]
    assert keys(tag(texts, None, WordHashEncoder())) == ["math", "food", "", ""]


def test_spanish_is_read_in_english_words() -> None:
    assert keys(tag(["Necesitamos libros para la biblioteca"], None, WordHashEncoder())) == ["books"]


def test_a_given_area_wins_with_certainty() -> None:
    tags = tag(["Algebra and geometry", "Algebra and geometry"], ["Lectura", ""], WordHashEncoder())
    assert tags.areas(0) == (READING,)
    assert tags.probability[0].sum() == 1
    assert tags.areas(1) == (MATH,)
    assert tags.is_given.tolist() == [True, False]


def test_a_given_area_of_another_name_is_the_nearest_one() -> None:
    assert keys(tag(["Chess"], ["solving equations and fractions"], WordHashEncoder())) == ["math"]


def test_a_given_area_that_is_none_leaves_the_text_its_own() -> None:
    tags = tag(["Algebra and geometry"], ["xyzzy"], WordHashEncoder())
    assert keys(tags) == ["math"]
    assert not tags.is_given[0]


def test_a_text_may_be_about_two_areas_the_likelier_first() -> None:
    tags = Tags(np.array([[0.5, 0.2, 0.9], [0.49, 0.1, 0.1]]), np.zeros(2, np.bool_))
    assert tags.areas(0) == (2, 0)
    assert tags.areas(1) == ()
    assert tags.best().tolist() == [2, -1]
    assert tags.about(0).tolist() == [True, False]


def test_a_share_becomes_a_probability() -> None:
    share = softmax(np.array([[0.0, 0.0]]))
    assert share.tolist() == [[0.5, 0.5]]
    assert log_odds(share)[0, 0] == 0
    # 1 / (1 + exp(-1)) = 0.731
    assert calibrated(share, 2.0, 1.0)[0, 0] == pytest.approx(0.731, abs=5e-4)
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_no_texts_have_no_tags() -> None:
    assert tag([], [], WordHashEncoder()).best().tolist() == []
    needs, offers = Texts(make_district(), WordHashEncoder()).tags
    assert len(needs.best()) == len(offers.best()) == 0


def test_a_district_is_tagged_by_statement_and_focus() -> None:
    district = make_district(
        [
            make_need(statement="Fractions and algebra"),
            make_need(statement="Fractions", focus_area="reading"),
        ],
        [make_offer(focus="Groceries and canned goods")],
    )
    needs, offers = Texts(district, WordHashEncoder()).tags
    assert (keys(needs), keys(offers)) == (["math", "reading"], ["food"])


class Meaning(WordHashEncoder):
    """Hashed words under the bundled model's name, so that vectors count."""

    name = DEFAULT_NAME


def test_a_text_has_the_same_tags_alone_and_in_a_district(tmp_path: Path) -> None:
    encoder = CachedEncoder(Meaning(), tmp_path / "v")
    district = make_district([make_need(statement=text) for text in ("Fractions", "Books", "Xyzzy")])
    alone = Tagger(encoder).tag(["Fractions", "Books", "Xyzzy"]).probability
    together = Texts(district, encoder).tags[0].probability
    assert together == pytest.approx(alone, abs=2e-3)


def test_cosines_count_with_the_bundled_model_alone() -> None:
    assert Tagger(Meaning()).reads_meaning
    assert not Tagger(WordHashEncoder()).reads_meaning


def test_the_bundled_model_finds_what_no_word_tells() -> None:
    encoder = CachedEncoder(SentenceEncoder())
    text = "Trombones and cellos, in tune"
    assert keys(tag([text], None, encoder)) == ["music"]
    assert Tagger(encoder).features([text], None).sum() == 0


def test_weights_belong_to_the_bundled_model_and_the_vocabulary_as_it_is() -> None:
    folder = Path(__file__).parents[2] / "matching"
    stored = json.loads((folder / "areas.json").read_text(encoding="utf-8"))
    assert DEFAULT_NAME in stored
    vocabulary = hashlib.sha256((folder / "focus_areas.toml").read_bytes()).hexdigest()
    assert stored["sha256"]["focus_areas.toml"] == vocabulary, "run python -m benchmarks.areas"
