"""Names of schools and partners as people spell them: the same, nearly the same, or new; and ids made of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np

_SHORT: Final = {
    "elem": "elementary", "el": "elementary", "es": "elementary", "ms": "middle", "mid": "middle",
    "hs": "high", "jr": "junior", "sr": "senior", "sch": "school", "st": "saint", "mt": "mount", "ft": "fort",
    "acad": "academy", "ctr": "center", "centre": "center", "univ": "university", "assn": "association",
    "assoc": "association", "fdn": "foundation", "dept": "department", "intl": "international", "co": "company",
    "corp": "corporation", "ps": "p s", "is": "i s", "org": "organization", "prim": "primaria", "sec": "secundaria",
    "esc": "escuela", "comm": "community", "natl": "national", "w": "west", "e": "east", "n": "north", "s": "south",
}  # fmt: skip
_SILENT: Final = frozenset(
    {"school", "the", "of", "and", "inc", "llc", "ltd", "de", "la", "el", "del", "escuela"}
)
_NEAR: Final = 0.62
_MOST_OFFERED: Final = 3
_LONGEST_ID: Final = 60


@dataclass(frozen=True, slots=True)
class Known:
    """What a district holds already, by table: the ids, and the names of schools and partners by their ids."""

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common that differ in case, accents and punctuation alone."""
    return " ".join(_plain(name))


def near_names(wanted: Sequence[str], known: Mapping[str, str]) -> dict[str, list[str]]:
    """Return for each name the ids of those known that may be the same, the likeliest first.

    ``Lincoln Elem.`` is near ``Lincoln Elementary``. A name that is known to the letter need not be asked about.
    """
    if not wanted or not known:
        return {}
    from sklearn.feature_extraction.text import TfidfVectorizer

    ids = list(known)
    spelled = [_written_out(known[key]) for key in ids]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True)
    right = vectorizer.fit_transform(spelled)
    left = vectorizer.transform([_written_out(name) for name in wanted])
    alike = (left @ right.T).tocsr()
    found = {}
    for row, name in enumerate(wanted):
        part = alike[row]
        places = part.indices[np.argsort(-part.data, kind="stable")][:_MOST_OFFERED]
        scores = np.sort(part.data)[::-1][:_MOST_OFFERED]
        near = [ids[place] for place, score in zip(places, scores, strict=True) if score >= _NEAR]
        if near:
            found[name] = near
    return found


def is_same_written_out(one: str, other: str) -> bool:
    """Whether two names are the same once what is shortened in them is written out."""
    return _written_out(one) == _written_out(other)


def id_of_name(name: str, taken: Iterable[str] = ()) -> str:
    """Return the id of a new school or partner: the same name gives the same one, unless another has it."""
    base = "-".join(_plain(name))[:_LONGEST_ID].strip("-")
    if not base:
        base = digest_of(name)
    return f"{base}-{digest_of(name)}" if base in taken else base


def digest_of(*parts: str) -> str:
    """Return a short name for texts; those that differ in case and spaces alone have the same."""
    said = "\x1f".join(" ".join(part.casefold().split()) for part in parts)
    return blake2b(said.encode(), digest_size=4).hexdigest()


def _plain(name: str) -> list[str]:
    apart = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", re.sub(r"['\N{RIGHT SINGLE QUOTATION MARK}.]", "", plain))


def _written_out(name: str) -> str:
    words = [_SHORT.get(word, word) for word in _plain(name)]
    return " ".join([word for word in words if word not in _SILENT] or words)
