"""Takes Markdown apart: prose, sentences, words, headings, links."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_ABBREVIATIONS = {"e.g", "i.e", "etc", "vs", "cf", "mr", "mrs", "dr", "no", "fig", "approx", "st"}
WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")


@dataclass(frozen=True)
class Heading:
    level: int
    title: str
    line: int


@dataclass(frozen=True)
class Line:
    number: int
    text: str
    is_code: bool


def lines(text: str) -> list[Line]:
    """Every line, told whether it is inside a fenced code block."""
    result, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        fence = bool(_FENCE.match(line))
        result.append(Line(number, line, inside or fence))
        inside ^= fence
    return result


def headings(text: str) -> list[Heading]:
    found = ((line, _HEADING.match(line.text)) for line in lines(text) if not line.is_code)
    return [Heading(len(match[1]), match[2], line.number) for line, match in found if match]


def prose(text: str) -> list[str]:
    """Paragraphs of running text: no code, headings, tables, quotes of markup or pictures."""
    paragraphs, current = [], []
    for line in lines(text):
        stripped = line.text.strip()
        item = re.match(r"^(?:[-*+]|\d+[.)])\s+(.*)", stripped)
        skip = line.is_code or not stripped or stripped.startswith(("#", "|", "<", "---", "==="))
        if (skip or item) and current:
            paragraphs.append(" ".join(current))
            current = []
        if not skip:
            current.append(item[1] if item else stripped.lstrip("> "))
    if current:
        paragraphs.append(" ".join(current))
    return [plain for plain in map(without_markup, paragraphs) if plain]


def without_markup(text: str) -> str:
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    text = re.sub(r"`([^`]*)`", r"\1", text)
    text = re.sub(r"<[^>]+>", "", text)
    return re.sub(r"(\*\*|__|\*|(?<!\w)_|_(?!\w))", "", text).strip()


def sentences(text: str) -> list[str]:
    return [sentence for paragraph in prose(text) for sentence in split_sentences(paragraph)]


def split_sentences(paragraph: str) -> list[str]:
    """At . ! ? before a capital, a digit or a quote, but not after abbreviations and initials."""
    result, start = [], 0
    for match in re.finditer(r"[.!?]+[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9À-Þ])", paragraph):
        before = re.split(r"[\s(]", paragraph[start:match.start()])[-1].lower()
        if before in _ABBREVIATIONS or (len(before) == 1 and before.isalpha()):
            continue
        result.append(paragraph[start:match.end()].strip())
        start = match.end()
    rest = paragraph[start:].strip()
    return [sentence for sentence in [*result, rest] if len(WORD.findall(sentence)) >= 2]


def words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


STOP_WORDS = frozenset("""
a about above after again all also an and any are as at be because been before being below between
both but by can could did do does doing down during each few for from further had has have having he
her here hers him his how i if in into is it its itself just me more most my no nor not now of off
on once only or other our out over own same she should so some such than that the their them then
there these they this those through to too under until up very was we were what when where which
while who whom why will with would you your yours may must shall one two per via
""".split())
