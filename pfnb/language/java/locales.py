"""How languages write months, days and numbers, as Java's locales do: English, German and French."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pfnb.exceptions import ParameterError


def _words(**languages: str) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({tag: tuple(words.split()) for tag, words in languages.items()})


MONTHS = _words(
    en="January February March April May June July August September October November December",
    de="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    fr="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
SHORT_MONTHS = _words(
    en="Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    de="Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    fr="janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
)
DAYS = _words(
    en="Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    de="Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    fr="lundi mardi mercredi jeudi vendredi samedi dimanche",
)
SHORT_DAYS = _words(
    en="Mon Tue Wed Thu Fri Sat Sun",
    de="Mo. Di. Mi. Do. Fr. Sa. So.",
    fr="lun. mar. mer. jeu. ven. sam. dim.",
)
_DATE_PATTERNS: Mapping[str, str] = MappingProxyType(
    {"en": "MMM d, yyyy, h:mm:ss a", "de": "dd.MM.yyyy, HH:mm:ss", "fr": "d MMM yyyy, HH:mm:ss"}
)
_SYMBOLS: Mapping[str, tuple[str, str]] = MappingProxyType({"en": (".", ","), "de": (",", "."), "fr": (",", "\u202f")})


def language(locale: str | None) -> str:
    """The language of a locale tag such as `de` or `de-AT`; English for None. Raises ParameterError for others."""
    tag = (locale or "en").replace("_", "-").split("-")[0].lower()
    if tag not in MONTHS:
        raise ParameterError(f'unknown locale "{tag[:20]}": use one of {", ".join(sorted(MONTHS))}')
    return tag


def date_pattern(locale: str) -> str:
    """A locale's pattern for date and time, of medium length."""
    return _DATE_PATTERNS[language(locale)]


def number_symbols(symbol: str | None) -> tuple[str, str]:
    """The decimal and the grouping symbol. `symbol` is the decimal one or a locale tag; German for None."""
    if symbol in (",", "."):
        return (",", ".") if symbol == "," else (".", ",")
    return _SYMBOLS[language(symbol or "de")]
