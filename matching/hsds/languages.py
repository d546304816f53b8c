"""Names of languages by their ISO 639 codes: those that families of school children speak most."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NAMES: Final = """
am Amharic; ar Arabic; bn Bengali; bo Tibetan; bs Bosnian; ch Chamorro; cs Czech; de German; el Greek; en English;
es Spanish; fa Persian; ff Fula; fi Finnish; fr French; gu Gujarati; ha Hausa; haw Hawaiian; he Hebrew; hi Hindi;
hmn Hmong; hr Croatian; ht Haitian Creole; hu Hungarian; hy Armenian; id Indonesian; ig Igbo; ilo Ilocano; it Italian;
ja Japanese; ka Georgian; kar Karen; km Khmer; kn Kannada; ko Korean; ku Kurdish; lo Lao; lt Lithuanian; mh Marshallese;
ml Malayalam; mn Mongolian; mr Marathi; my Burmese; ne Nepali; nl Dutch; no Norwegian; nv Navajo; om Oromo; pa Punjabi;
pl Polish; ps Pashto; pt Portuguese; ro Romanian; ru Russian; rw Kinyarwanda; sk Slovak; sm Samoan; so Somali;
sq Albanian; sr Serbian; sv Swedish; sw Swahili; ta Tamil; te Telugu; th Thai; ti Tigrinya; tl Tagalog; to Tongan;
tr Turkish; uk Ukrainian; ur Urdu; uz Uzbek; vi Vietnamese; wo Wolof; yi Yiddish; yo Yoruba; yue Cantonese;
zh Chinese; zu Zulu; ase American Sign Language; cmn Mandarin
"""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {code: name for code, name in (entry.strip().split(" ", 1) for entry in _NAMES.split(";"))}
)
CODES: Final[Mapping[str, str]] = MappingProxyType({name.casefold(): code for code, name in NAMES.items()})


def language_name(code: str) -> str:
    """Return the name of a language; a code that is not known stays as it is."""
    return NAMES.get(code.strip().casefold(), code)
