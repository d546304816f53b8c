"""What neither a log nor the audit log may hold: contacts, secrets, and texts about students."""

import re
from functools import lru_cache
from typing import Final

HIDDEN: Final = "[hidden]"
_PRIVATE_FIELD: Final = re.compile(
    r"contact|e_?mail|phone|token|password|secret|cookie|authorization|csrf|query|url|body|statement|text|comment|goal",
    re.IGNORECASE,
)
# An e-mail address; a telephone number; the query of an address; a credential after its name; one in an address.
_PRIVATE_WORDS: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|(?<![\w-])\+?\(?\d{3}\)?[ .-]\d{3}[ .-]?\d{4}\b"
    r"|\?[\w%.~-]+=\S*"
    r"|(?i:(?:bearer|basic|token|password|secret|cookie|key)\b['\"]?\s*[:= ]\s*['\"]?)[\w.~+/=-]{8,}"
    r"|(?<=://)[^\s/@]+:[^\s/@]+(?=@)"
)


def without_private(name: str, value: object) -> object:
    """Return a field's value, or what hides it; within lists and mappings too."""
    if is_private(name):
        return HIDDEN
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: without_private(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_private("", inner) for inner in value]
    return value


@lru_cache(256)
def is_private(name: str) -> bool:
    """Whether a field of this name may hold what is private."""
    return bool(_PRIVATE_FIELD.search(name))


# The same few values come with every request; searching them anew costs more than all else that is logged.
@lru_cache(1024)
def masked(words: str) -> str:
    """Return the words with what looks private hidden."""
    return _PRIVATE_WORDS.sub(HIDDEN, words)
