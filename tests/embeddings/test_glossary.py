import pytest

from embeddings.glossary import FILE, in_english_words, is_spanish


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("Útiles escolares", "school supplies"),
        ("utiles ESCOLARES", "school supplies"),
        ("después de clases", "after school"),
        ("los niños", "children"),
        ("Tutores para la tarea", "tutor homework"),
        ("tareas", "homework"),
        ("lápices", "pencil"),
    ],
)
def test_word_or_phrase_of_the_glossary(spanish: str, english: str) -> None:
    assert in_english_words(spanish) == english


def test_longest_phrase_wins() -> None:
    assert in_english_words("salud") == "health"
    assert in_english_words("salud mental infantil") == "mental health child"


def test_other_form_of_a_word_is_found_by_its_stem() -> None:
    assert in_english_words("cocinamos") == in_english_words("cocinar") == "cooking"


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("vegetación", "vegetation"),
        ("pianistas", "pianist"),
        ("sociología", "sociology"),
        ("Honduras", "honduras"),
    ],
)
def test_word_that_is_not_in_the_glossary_gets_an_english_ending(spanish: str, english: str) -> None:
    assert in_english_words(spanish) == english


def test_nothing_but_stop_words_is_nothing() -> None:
    assert in_english_words("de la y para") == in_english_words("") == ""


@pytest.mark.parametrize("word", ["escuela", "Niños", "LÁPICES", "especiales", "artes"])
def test_spanish_words_are_told(word: str) -> None:
    assert is_spanish(word)


@pytest.mark.parametrize(
    "word", ["school", "red", "piano", "tutors", "excursions", "musical", "mural", "xyz"]
)
def test_english_words_spelled_alike_are_no_sign_of_spanish(word: str) -> None:
    assert not is_spanish(word)


def test_glossary_has_each_entry_once_in_order() -> None:
    entries = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines()]
    assert all(len(entry) == 2 and all(entry) for entry in entries)
    assert [spanish for spanish, _ in entries] == sorted({spanish for spanish, _ in entries})
