"""`@text`: cutting, joining, comparing and searching texts. Functions from one text to one text return null for null."""

from __future__ import annotations

import csv
import html
import io
import re
import secrets
import string
import uuid as uuids
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function, registry
from pfnb.functions.arguments import check_count, check_length, fitting, flat, in_pieces, items_of, listed, plain_text
from pfnb.language.budget import current
from pfnb.language.java.numbers import to_number
from pfnb.language.pel import evaluate, patterns
from pfnb.language.pel.literal_text import LiteralText
from pfnb.language.pel.units import count_units, from_units, in_units

MAX_RANDOM = 10_000
"""Maximum characters of a random text."""

_LETTERS = string.ascii_letters + string.digits
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "é": "e", "è": "e", "ç": "c"}
)


class _Alphanumeric(dict[int, str]):
    """For `str.translate`: any character without an entry becomes _."""

    def __missing__(self, code: int) -> str:
        return "_"


_ALPHANUMERIC = _Alphanumeric({**{ord(letter): letter for letter in _LETTERS}, **_UMLAUTS})
MAX_WIDTH = 1_000
"""Maximum width of a value in `@text.format`."""
_FORMAT = re.compile(r"%(?P<flags>[-+0,]*)(?P<width>\d{1,9})?(?:\.(?P<digits>\d{1,9}))?(?P<kind>[sdf%])")
_LINK = re.compile(r"https?://[^\s<>\"']+")
_GERMAN = (
    "der die das und ist nicht ich ein eine zu den mit auf für sie wir es von dem im "
    "hallo guten tag danke bitte bin bist sind wie was dies"
)
_ENGLISH = (
    "the and is are of to in that it you for with on this not we have was be at "
    "hello good thanks please am your my what how"
)
_FRENCH = (
    "le la les et est des une pas pour dans que qui vous nous je il elle avec sur du "
    "bonjour merci ceci suis bon salut ce mon votre"
)
_WORDS = {"GERMAN": set(_GERMAN.split()), "ENGLISH": set(_ENGLISH.split()), "FRENCH": set(_FRENCH.split())}

_FORMULA = re.compile(r"[\s\x00\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]|[\t\r\n]")
"""The beginning of a text that a spreadsheet would run as a formula, full-width characters included."""
_NUMBER = re.compile(r"\s*[+-]?[.,]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]{1,4})?%?\s*")


@function("text.upperCase")
def upper_case(text: str | None) -> str | None:
    """The text in capital letters.

    Example:
        @text.upperCase('Grüße')  # => "GRÜSSE"
    """
    return None if text is None else text.upper()


@function("text.lowerCase")
def lower_case(text: str | None) -> str | None:
    """The text in small letters.

    Example:
        @text.lowerCase('ABC')  # => "abc"
    """
    return None if text is None else text.lower()


@function("text.upperCaseFirst")
@function("text.firstCharUpper")
def first_char_upper(text: str | None) -> str | None:
    """The text with a capital letter at its beginning.

    Example:
        @text.firstCharUpper('lead')  # => "Lead"
    """
    return text and text[0].upper() + text[1:]


@function("text.lowerCaseFirst")
@function("text.firstCharLower")
def first_char_lower(text: str | None) -> str | None:
    """The text with a small letter at its beginning.

    Example:
        @text.firstCharLower('Lead')  # => "lead"
    """
    return text and text[0].lower() + text[1:]


@function("text.trim")
def trim(text: str | None) -> str | None:
    """The text without white space at its ends.

    Example:
        @text.trim('  a b ')  # => "a b"
    """
    return text and text.strip()


@function("text.length")
def length(text: str | None) -> int:
    """How many characters the text has, counted as Java does; 0 for null.

    Example:
        @text.length('abc')  # => 3
    """
    return count_units(text or "")


@function("text.isEmpty")
def is_empty(text: str | None) -> bool:
    """Whether the text is null or has no characters.

    Example:
        @text.isEmpty('')  # => true
    """
    return not text


@function("text.isAllEmpty")
def is_all_empty(*text: Any) -> bool:
    """Whether each of the texts is null, empty or nothing but white space.

    Example:
        @text.isAllEmpty('', ' ', null)  # => true
    """
    return all(not plain_text(each).strip() for each in flat(text))


@function("text.indexOf")
def index_of(text: str | None, needle: str | None, offset: int = 0) -> int:
    """The first index of the needle, from an offset on; -1 if it is not found.

    Example:
        @text.indexOf('banana', 'an', 2)  # => 3
    """
    return -1 if text is None or needle is None else in_units(text).find(in_units(needle), max(offset, 0))


@function("text.lastIndexOf")
def last_index_of(text: str | None, needle: str | None, offset: int | None = None) -> int:
    """The last index of the needle, up to an offset; -1 if it is not found.

    Example:
        @text.lastIndexOf('banana', 'an')  # => 3
    """
    if text is None or needle is None or (offset is not None and offset < 0):
        return -1
    part = in_units(needle)
    return in_units(text).rfind(part, 0, None if offset is None else offset + len(part))


@function("text.contains")
def contains(text: str | None, *needles: str | None) -> bool:
    """Whether the text contains one of the needles, ignoring case; they may be separated by commas.

    Example:
        @text.contains('Hello World', 'moon, world')  # => true
    """
    if text is None:
        return False
    searched, left = text.lower(), current()
    for needle in needles:
        check_count((needle or "").count(","))
        for part in (needle or "").split(","):
            left.scan(len(searched))
            if (wanted := part.strip().lower()) and wanted in searched:
                return True
    return False


@function("text.startsWith")
def starts_with(text: str | None, prefix: str | None) -> bool:
    """Whether the text begins with the prefix.

    Example:
        @text.startsWith('invoice.pdf', 'inv')  # => true
    """
    return text is not None and prefix is not None and text.startswith(prefix)


@function("text.prefix")
def prefix_of(text: str | None, stop: str | None) -> str | None:
    """The text up to the first stop word; all of it if there is none.

    Example:
        @text.prefix('Foo Bar', ' ')  # => "Foo"
    """
    return text.partition(stop)[0] if text and stop else text


@function("text.suffix")
def suffix_of(text: str | None, stop: str | None) -> str | None:
    """The text after the first stop word; all of it if there is none.

    Example:
        @text.suffix('Foo Bar', ' ')  # => "Bar"
    """
    return text.partition(stop)[2] if text and stop and stop in text else text


@function("text.substring")
def substring(text: str | None, begin_index: int, end_index: int | None = None) -> str | None:
    """The text from one index up to another; indexes outside of the text are cut to it.

    Example:
        @text.substring('Hello', 1, 3)  # => "el"
    """
    if text is None:
        return None
    units = in_units(text)
    return from_units(units[max(begin_index, 0) : len(units) if end_index is None else max(end_index, 0)])


@function("text.shorten")
def shorten(text: str | None, length: int) -> str | None:
    """The text cut to `length` characters, with three dots if anything was cut.

    Example:
        @text.shorten('Hello World', 5)  # => "Hello..."
    """
    return text if text is None or len(text) <= max(length, 0) else f"{text[: max(length, 0)]}..."


@function("text.leftPad")
def left_pad(text: str | None, size: int, padding: str = " ") -> str | None:
    """The text padded on the left to the size.

    Example:
        @text.leftPad('bat', 5, 'z')  # => "zzbat"
    """
    return None if text is None else _padding(text, size, padding) + text


@function("text.rightPad")
def right_pad(text: str | None, size: int, padding: str = " ") -> str | None:
    """The text padded on the right to the size.

    Example:
        @text.rightPad('bat', 5)  # => "bat  "
    """
    return None if text is None else text + _padding(text, size, padding)


def _padding(text: str, size: int, padding: str) -> str:
    check_length(size)
    missing = max(size - len(text), 0)
    return ((padding or " ") * missing)[:missing]


@function("text.append")
def append(basetext: str | None, text: str | None) -> str:
    """Both texts joined; null counts as empty.

    Example:
        @text.append('Hello', null)  # => "Hello"
    """
    return fitting((basetext or "") + (text or ""))


@function("text.concat")
def concat(separator: str | None, *items: Any) -> str:
    """The items, or those of a list or of a text with commas, with the separator between them; null ones are left out.

    Example:
        @text.concat(', ', {'a', null, 'b'})  # => "a, b"
        @text.concat(' + ', 'Sun, Moon')  # => "Sun + Moon"
        @text.concat('-', 1, 2)  # => "1-2"
    """
    texts, length, left = [], 0, current()
    for item in items_of(items[0]) if len(items) == 1 else flat(items):
        if item is not None:
            text = plain_text(item)
            length += len(text) + len(separator or "")
            check_length(length)
            left.spend()
            texts.append(text)
    return (separator or "").join(texts)


@function("text.format")
def format_text(pattern: str, *values: Any) -> str:
    """The pattern with values in it: `%s` a text, `%d` a whole number, `%.2f` a number with two digits after the point, `%05d`
    with leading zeros, `%%` a percent sign.

    Example:
        @text.format('%s has %d of %.1f', 'Ada', 3, 4.25)  # => "Ada has 3 of 4.2"
    """
    given = list(flat(values))
    parts, length, at = [], 0, 0
    for found in _FORMAT.finditer(pattern):
        parts += [pattern[at : found.start()], _formatted(found, given)]
        length += sum(map(len, parts[-2:]))
        check_length(length)
        at = found.end()
    return fitting("".join([*parts, pattern[at:]]))


def _formatted(found: re.Match[str], given: list[Any]) -> str:
    """The next value in the form that the place asks for."""
    flags, width, digits, kind = found["flags"], int(found["width"] or 0), found["digits"], found["kind"]
    if kind == "%":
        return "%"
    if not given:
        raise ParameterError(f"there is no value for {found[0]}: give as many values as the pattern has places")
    if max(width, int(digits or 0)) > MAX_WIDTH:
        raise ParameterError(f"{found[0][:20]} is too wide: at most {MAX_WIDTH:,} characters")
    value = given.pop(0)
    if kind == "s":
        text = plain_text(value)
        text = text if digits is None else text[: int(digits)]
        return text.ljust(width) if "-" in flags else text.rjust(width)
    number = int(to_number(value)) if kind == "d" else to_number(value)
    sign, comma = "+" if "+" in flags else "", "," if "," in flags else ""
    align = "<" if "-" in flags else "=" if "0" in flags else ">"
    fill = "0" if align == "=" else " "
    end = "d" if kind == "d" else f".{digits or 6}f"
    return format(number, f"{fill}{align}{sign}{width or ''}{comma}{end}")


@function("text.replaceCharAt")
def replace_char_at(text: str | None, index: int, replacement: str) -> str | None:
    """The text with the character at an index, from 0, replaced.

    Example:
        @text.replaceCharAt('cat', 0, 'b')  # => "bat"
    """
    if text is None:
        return None
    if not 0 <= index < len(text):
        raise ParameterError(f"there is no character {index}: the text has {len(text)}, counted from 0")
    return fitting(text[:index] + replacement + text[index + 1 :])


@function("text.commajoin")
def commajoin(*items: Any) -> str:
    """The items, or those of a list, with commas between them; null ones are left out.

    Example:
        @text.commajoin({1, 2, 3})  # => "1,2,3"
    """
    return concat(",", *items)


@function("text.concatAndFormat")
def concat_and_format(separator: str | None, collection: Any, pel: LiteralText) -> str:
    """As `concat`, but first evaluates an expression on each item, written without `#{` and `}`. It must be a quoted literal: a
    computed text is never evaluated.

    Example:
        @text.concatAndFormat('+', {' a', 'b '}, 'trim()')  # => "a+b"
    """
    left = current()
    formatted = []
    for item in listed(collection):
        left.check()
        formatted.append(evaluate(pel, item, registry))
    return concat(separator, formatted)


@function("text.split")
def split(text: str | None, token: str | None) -> list[str]:
    """The parts of the text between the tokens; an empty list if either is null or empty.

    Example:
        @text.split('a;b;c', ';')  # => ["a", "b", "c"]
    """
    if not text or not token:
        return []
    check_count(text.count(token))
    return text.split(token)


@function("text.replaceAll")
def replace_all(text: str | None, needle: str | None, replacement: str | None) -> str | None:
    """The text with every occurrence of the needle, a plain text, replaced.

    Example:
        @text.replaceAll('1.2.3', '.', '-')  # => "1-2-3"
    """
    if not text or not needle:
        return text
    new = replacement or ""
    check_length(len(text) + text.count(needle) * (len(new) - len(needle)))
    return text.replace(needle, new)


@function("text.matches")
def matches(text: str | None, regexp: str) -> list[str | None]:
    """The first match of a regular expression and its groups; an empty list without a match.

    Example:
        @text.matches('order 42', '(\\w+) (\\d+)')  # => ["order 42", "order", "42"]
    """
    return [] if text is None else patterns.first_match(text, regexp)


@function("text.escapeCsvValue")
def escape_csv_value(value: str | None) -> str | None:
    """The text as a value of a CSV file: in quotes if it contains a comma, a quote or a line break. A text that a spreadsheet
    would run as a formula gets a leading apostrophe; numbers stay as they are.

    Example:
        @text.escapeCsvValue('a,b')  # => "\\"a,b\\""
        @text.escapeCsvValue('=1+1')  # => "'=1+1"
        @text.escapeCsvValue('-5')  # => "-5"
    """
    if not value:
        return value
    if _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        value = f"'{value}"
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([value])
    return fitting(line.getvalue())


@function("text.toAlphaNumeric")
def to_alpha_numeric(text: str | None) -> str | None:
    """The text with only 0-9, a-z, A-Z and _: umlauts are spelt out, anything else becomes _.

    Example:
        @text.toAlphaNumeric('Größe?')  # => "Groesse_"
    """
    return text and fitting("".join(piece.translate(_ALPHANUMERIC) for piece in in_pieces(text)))


@function("text.toHtml")
def to_html(text: str | None) -> str | None:
    """The text as HTML: markup is escaped, line breaks are kept, addresses become links.

    Example:
        @text.toHtml('1 < 2')  # => "1 &lt; 2"
    """
    if text is None:
        return None
    check_length(len(text) + 4 * sum(map(text.count, "<>&\n")) + 5 * sum(map(text.count, "\"'")))
    pieces = []
    end = 0
    for link in _LINK.finditer(text):
        address = html.escape(link[0])
        pieces += [html.escape(text[end : link.start()]), f'<a href="{address}">{address}</a>']
        end = link.end()
    pieces.append(html.escape(text[end:]))
    return fitting("".join(pieces).replace("\n", "<br>\n"))


@function("text.lang")
def lang(text: str | None) -> str:
    """The language of the text, guessed by its most common words: GERMAN, ENGLISH, FRENCH or UNKNOWN.

    Example:
        @text.lang('This is the answer to that')  # => "ENGLISH"
        @text.lang('Guten Tag, Welt')  # => "GERMAN"
    """
    words = re.findall(r"\w+", (text or "")[:10_000].lower())
    count, language = max((sum(word in common for word in words), name) for name, common in _WORDS.items())
    return language if count else "UNKNOWN"


@function("text.random")
def random(size: int) -> str:
    """A text of `size` random letters and digits, suitable as a secret.

    Example:
        @text.length(@text.random(12))  # => 12
    """
    if size > MAX_RANDOM:
        raise ParameterError(f"a random text may have at most {MAX_RANDOM:,} characters")
    return "".join(secrets.choice(_LETTERS) for _ in range(size))


@function("text.uuid")
def uuid() -> str:
    """A new random uuid.

    Example:
        @text.length(@text.uuid())  # => 36
    """
    return str(uuids.uuid4())
