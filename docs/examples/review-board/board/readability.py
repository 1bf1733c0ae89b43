"""How hard a text is to read: Flesch (1948), Flesch-Kincaid (1975), and what makes it so."""

import re

from . import text as markdown

LONG_SENTENCE_WORDS = 30
PASS_SCORE = 55
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?(\w+ed|written|made|"
                      r"given|taken|done|shown|known|held|kept|built|sent|found|seen)\b", re.I)


def judge(text: str) -> dict:
    """{"score": 0..100, "vote", "grade", "ease", ..., "findings": [{"kind", "message", ...}]}"""
    sentences = markdown.sentences(text)
    words = [word for sentence in sentences for word in markdown.words(sentence)]
    if not words:
        return {"score": 0, "vote": "revise", "ease": 0, "grade": 0, "words": 0, "sentences": 0,
                "findings": [_finding("empty", "There is no running text to read.")]}
    syllables = [syllables_in(word) for word in words]
    per_sentence = len(words) / len(sentences)
    per_word = sum(syllables) / len(words)
    ease = 206.835 - 1.015 * per_sentence - 84.6 * per_word
    grade = 0.39 * per_sentence + 11.8 * per_word - 15.59
    findings = _long(sentences) + _passive(sentences) + _doubled(sentences)
    score = _score(ease, findings, len(sentences))
    return {"score": score, "vote": "pass" if score >= PASS_SCORE else "revise",
            "ease": round(ease, 1), "grade": round(grade, 1), "words": len(words),
            "sentences": len(sentences), "wordsPerSentence": round(per_sentence, 1),
            "hardWordShare": round(sum(n >= 4 for n in syllables) / len(words), 3),
            "findings": findings}


def syllables_in(word: str) -> int:
    """Groups of vowels, without a silent final e; at least one."""
    word = re.sub(r"[^a-zà-ÿ]", "", word.lower())
    count = len(re.findall(r"[aeiouyà-ÿ]+", word))
    if word.endswith("e") and not word.endswith(("le", "ee", "ie")) and count > 1:
        count -= 1
    return max(count, 1)


def _score(ease: float, findings: list[dict], sentences: int) -> int:
    """Ease, of which technical prose reaches about 50, less the share of faulty sentences."""
    base = min(max(ease + 30, 0), 100)
    return round(max(base - 40 * len(findings) / max(sentences, 5), 0))


def _long(sentences: list[str]) -> list[dict]:
    counted = [(len(markdown.words(sentence)), sentence) for sentence in sentences]
    return [_finding("long-sentence", f"{count} words; split it.", quote=_short(sentence))
            for count, sentence in counted if count > LONG_SENTENCE_WORDS]


def _passive(sentences: list[str]) -> list[dict]:
    """Only where it is a habit: more than a third of the sentences."""
    found = [sentence for sentence in sentences if _PASSIVE.search(sentence)]
    if len(found) * 3 <= len(sentences) or len(found) < 3:
        return []
    return [_finding("passive", f"{len(found)} of {len(sentences)} sentences hide who acts.",
                     quote=_short(found[0]))]


def _doubled(sentences: list[str]) -> list[dict]:
    found = ((sentence, re.search(r"\b(\w+)\s+\1\b", sentence, re.I)) for sentence in sentences)
    return [_finding("doubled-word", f"\"{match[1]}\" stands twice.", quote=_short(sentence))
            for sentence, match in found
            if match and match[1].isalpha() and match[1].lower() not in ("that", "had")]


def _finding(kind: str, message: str, quote: str = "") -> dict:
    return {"kind": kind, "message": message, "quote": quote}


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 120 else sentence[:117].rstrip() + "..."
