import pytest

from embeddings.language import are_english, in_english, language_of


@pytest.mark.parametrize(
    "text",
    [
        "Reading mentors for third grade",
        "Ms. Peña runs the garden club at the Café Olé",
        "Diapers",
        "Mural day",
        "Musical instruments",
        "Children's reading clubs",
        "",
        "42",
        "The program is in Spanish: lectura para la familia",
    ],
)
def test_english_texts(text: str) -> None:
    assert are_english([text])[0]


@pytest.mark.parametrize(
    "text",
    [
        "Niños de kínder a segundo que en casa solo hablan español",
        "Útiles escolares",
        "Utiles escolares",
        "Clases de arte y manualidades",
        "Guitarras",
        "Books to keep. Libros que los niños puedan llevarse a la casa",
        "Tutores para la clase de mate",
        "Des mentors pour les élèves",
        "Помощь читателям",
        "阅读辅导",
    ],
)
def test_texts_in_other_languages(text: str) -> None:
    assert not are_english([text])[0]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Reading mentors for third grade", "English"),
        ("Niños que en casa solo hablan español", "Spanish"),
        ("Des mentors pour les élèves dans la classe", "French"),
        ("Ajuda com a leitura para os meninos não alfabetizados", "Portuguese"),
        ("Помощь читателям", "another language"),
    ],
)
def test_languages_told_by_name(text: str, language: str) -> None:
    assert language_of(text) == language


def test_spanish_is_put_into_english_words_and_all_else_left_alone() -> None:
    texts = ["Books to keep. Libros para la casa", "School gardens", "Des mentors pour les élèves", ""]
    assert in_english(texts) == ["Books to keep. book house home.", *texts[1:]]
