"""Picks the sentences that say most: TextRank over TF-IDF, with redundancy held down.

Mihalcea and Tarau, "TextRank: Bringing Order into Text" (2004); the choice among ranked sentences
follows maximal marginal relevance, Carbonell and Goldstein (1998).
"""

import math
from collections import Counter

from . import text as markdown

DAMPING = 0.85
ROUNDS = 40
SENTENCES_MAX = 400


def summarise(text: str, wanted: int) -> dict:
    """{"sentences": in the order of the text, "keywords": most telling first, "share": 0..1}"""
    sentences = list(dict.fromkeys(markdown.sentences(text)))[:SENTENCES_MAX]
    bags = [Counter(word for word in markdown.words(sentence)
                    if word not in markdown.STOP_WORDS and len(word) > 2)
            for sentence in sentences]
    weights = _weights(bags)
    vectors = [{word: count * weights[word] for word, count in bag.items()} for bag in bags]
    similarity = [[_cosine(a, b) for b in vectors] for a in vectors]
    ranks = _ranks(similarity)
    chosen = sorted(_choose(ranks, similarity, sentences, wanted))
    picked = [sentences[i] for i in chosen]
    return {"sentences": picked, "keywords": _keywords(bags, weights),
            "share": round(len(picked) / len(sentences), 3) if sentences else 0}


def _weights(bags: list[Counter]) -> dict[str, float]:
    """Inverse document frequency, a sentence being a document."""
    seen = Counter(word for bag in bags for word in bag)
    return {word: math.log(1 + len(bags) / count) for word, count in seen.items()}


def _cosine(a: dict[str, float], b: dict[str, float]) -> float:
    if a is b or not a or not b:
        return 0.0
    dot = sum(value * b[word] for word, value in a.items() if word in b)
    return dot and dot / math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))


def _ranks(similarity: list[list[float]]) -> list[float]:
    count = len(similarity)
    totals = [sum(row) for row in similarity]
    ranks = [1 / count] * count if count else []
    for _ in range(ROUNDS):
        ranks = [(1 - DAMPING) / count + DAMPING * sum(
            similarity[j][i] / totals[j] * ranks[j] for j in range(count)
            if totals[j] and similarity[j][i]) for i in range(count)]
    return ranks


def _choose(ranks, similarity, sentences, wanted: int) -> list[int]:
    """The best next sentence is important, early, of sensible length and says something new."""
    best = max(ranks, default=1)

    def value(i: int, chosen: list[int]) -> float:
        length = len(markdown.words(sentences[i]))
        fit = 1.0 if 6 <= length <= 40 else 0.5
        early = 1 + 0.2 / (1 + i)
        repeated = max((similarity[i][j] for j in chosen), default=0)
        return ranks[i] / best * fit * early - 0.6 * repeated

    chosen: list[int] = []
    while len(chosen) < min(wanted, len(sentences)):
        rest = (i for i in range(len(sentences)) if i not in chosen)
        chosen.append(max(rest, key=lambda i: value(i, chosen)))
    return chosen


def _keywords(bags: list[Counter], weights: dict[str, float]) -> list[str]:
    total = Counter()
    for bag in bags:
        total.update(bag)
    scored = {word: count * weights[word] for word, count in total.items() if len(word) > 3}
    return [word for word, _ in sorted(scored.items(), key=lambda item: (-item[1], item[0]))[:8]]
