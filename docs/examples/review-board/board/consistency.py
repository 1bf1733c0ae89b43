"""Whether a text agrees with itself: headings, links, terms, spellings."""

import re
from collections import Counter, defaultdict

from . import text as markdown

PASS_SCORE = 70
COST = {"broken-link": 15, "duplicate-heading": 10, "heading-jump": 6, "unexplained-term": 5,
        "mixed-spelling": 6, "open-fence": 20, "empty-section": 8}
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]{2,6}s?\b")
_KNOWN = set("""HTTP HTTPS HTML JSON YAML REST API APIS CPU RAM URL URLS SQL CLI SDK PDF XML CSV TLS
SSL TCP UDP USB UTC ISO RFC README LICENSE TODO GET POST PUT PATCH DELETE AND NOT NULL TRUE FALSE
MIT GPL NASA USA AJAX ASCII UTF""".split())
_SPELLINGS = [("e-mail", "email"), ("log-in", "login"), ("on-line", "online"),
              ("data base", "database"), ("work flow", "workflow"), ("web site", "website"),
              ("file name", "filename"), ("time stamp", "timestamp"), ("colour", "color"),
              ("behaviour", "behavior"), ("organise", "organize"), ("centre", "center")]


def judge(text: str) -> dict:
    """{"score": 0..100, "vote", "findings": [{"kind", "line", "message"}]}"""
    findings = [*_headings(text), *_links(text), *_acronyms(text), *_mixed_spelling(text),
                *_fences(text)]
    findings.sort(key=lambda finding: finding["line"])
    score = max(100 - sum(COST[finding["kind"]] for finding in findings), 0)
    return {"score": score, "vote": "pass" if score >= PASS_SCORE else "revise",
            "findings": findings}


def _finding(kind: str, line: int, message: str) -> dict:
    return {"kind": kind, "line": line, "message": message}


def _headings(text: str) -> list[dict]:
    found, seen, previous = [], {}, None
    for heading in markdown.headings(text):
        key = (heading.level, heading.title.lower())
        if key in seen:
            found.append(_finding("duplicate-heading", heading.line,
                                  f"\"{heading.title}\" is also in line {seen[key]}."))
        seen.setdefault(key, heading.line)
        if previous and heading.level > previous.level + 1:
            found.append(_finding("heading-jump", heading.line, f"\"{heading.title}\" jumps from "
                                  f"level {previous.level} to {heading.level}."))
        if previous and heading.level <= previous.level and _is_empty(text, previous, heading):
            found.append(_finding("empty-section", previous.line,
                                  f"Nothing stands under \"{previous.title}\"."))
        previous = heading
    return found


def _is_empty(text: str, start, end) -> bool:
    return not any(line.strip() for line in text.splitlines()[start.line:end.line - 1])


def _links(text: str) -> list[dict]:
    """Anchors without a heading, reference links without a target, empty and odd addresses."""
    anchors = set(_anchors(text)) | set(re.findall(r"""(?:id|name)=["']([^"']+)["']""", text))
    labels = {label.lower() for label in re.findall(r"^\s*\[([^\]]+)\]:\s*\S", text, re.M)}
    found = []
    for line in markdown.lines(text):
        if line.is_code:
            continue
        shown = re.sub(r"`[^`]*`", "", line.text)
        for label, target in re.findall(r"\[([^\]]*)\]\(([^)\s]*)[^)]*\)", shown):
            problem = _problem_of(target, anchors)
            if problem:
                found.append(_finding("broken-link", line.number, f"[{label}]({target}): {problem}"))
        for label, reference in re.findall(r"\[([^\]]+)\]\[([^\]]*)\]", shown):
            if (reference or label).lower() not in labels:
                found.append(_finding("broken-link", line.number,
                                      f"[{label}][{reference}]: no such reference is defined."))
    return found


def _problem_of(target: str, anchors: set[str]) -> str:
    if not target:
        return "the address is empty."
    if target.startswith("#") and target[1:].lower() not in anchors:
        return "no heading has this anchor."
    if re.match(r"^(?:[A-Za-z]:\\|file:|/(?:home|Users|tmp)/)", target):
        return "it points into one person's machine."
    if re.match(r"^\w+:/(?!/)", target):
        return "the address is not whole."
    return ""


def _anchors(text: str) -> list[str]:
    """As the usual renderers make them: lower case, dashes, a number for repeats."""
    count: Counter = Counter()
    result = []
    for heading in markdown.headings(text):
        title = markdown.without_markup(heading.title).lower()
        slug = re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title))
        result.append(slug if not count[slug] else f"{slug}-{count[slug]}")
        count[slug] += 1
    return result


def _acronyms(text: str) -> list[dict]:
    """Terms in capitals that are used before, or without, "(TERM)" or "TERM (long form)"."""
    first: dict[str, tuple[int, int]] = {}
    explained: dict[str, tuple[int, int]] = {}
    for line in markdown.lines(text):
        if line.is_code or line.text.lstrip().startswith(("#", "|")):
            continue
        shown = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", "", line.text)
        for match in _ACRONYM.finditer(shown):
            term = match[0].rstrip("s")
            place = (line.number, match.start())
            first.setdefault(term, place)
            around = shown[max(match.start() - 1, 0):match.end() + 2]
            if around.startswith("(") or re.search(r"\w\s?\($", around):
                explained.setdefault(term, place)
    return [_finding("unexplained-term", place[0], f"{term} is used before it is explained.")
            for term, place in first.items()
            if term not in _KNOWN and explained.get(term) != place]


def _mixed_spelling(text: str) -> list[dict]:
    places = defaultdict(dict)
    for line in markdown.lines(text):
        if line.is_code:
            continue
        lowered = re.sub(r"`[^`]*`|\]\([^)]*\)", "", line.text).lower()
        for pair in _SPELLINGS:
            for spelling in pair:
                if re.search(rf"\b{re.escape(spelling)}\w*", lowered):
                    places[pair].setdefault(spelling, line.number)
    return [_finding("mixed-spelling", max(lines.values()),
                     f"both \"{first}\" and \"{second}\" are used; choose one.")
            for (first, second), lines in places.items() if len(lines) == 2]


def _fences(text: str) -> list[dict]:
    fences = [number for number, line in enumerate(text.splitlines(), 1)
              if re.match(r"^\s*(```|~~~)", line)]
    if len(fences) % 2 == 0:
        return []
    return [_finding("open-fence", fences[-1], "this code block is never closed.")]
