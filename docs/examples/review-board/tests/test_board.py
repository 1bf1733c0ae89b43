"""The board's judgement on texts whose faults are known."""

import pytest
from board import consistency, readability, report, summary, text as markdown

GOOD = """# Bees

Bees visit flowers to find food. A worker bee can carry half her weight in nectar.
She shows the others where the flowers are with a dance. The dance tells how far to fly.

## Honey

Bees make honey from nectar. They fan it with their wings until it is thick. See [Bees](#bees).
"""

BAD = """# Notes

Notwithstanding the aforementioned considerations, the institutionalised implementation of
organisational prioritisation methodologies necessitates comprehensive interdepartmental
communication, which, irrespective of individual circumstances and notwithstanding contradictory
recommendations, presupposes extraordinary administrative capabilities of all participants.

## Setup

The XQZ is needed. Go to [the plan](#plan). Send an email or an e-mail. It is is here.

## Setup

#### Deep
```
never closed
"""


def kinds(judged):
    return {finding["kind"] for finding in judged["findings"]}


def test_good_and_bad_texts_differ():
    assert readability.judge(GOOD)["vote"] == "pass" and readability.judge(BAD)["vote"] == "revise"
    assert consistency.judge(GOOD) == {"score": 100, "vote": "pass", "findings": []}
    assert consistency.judge(BAD)["vote"] == "revise"


def test_consistency_names_kind_and_line():
    found = {finding["kind"]: finding["line"] for finding in consistency.judge(BAD)["findings"]}
    assert found == {"broken-link": 10, "duplicate-heading": 12, "heading-jump": 14,
                     "unexplained-term": 10, "mixed-spelling": 10, "open-fence": 15}
    assert kinds(consistency.judge("# A\n\n## B\n\n## C\n\nText.\n")) == {"empty-section"}


def test_readability_names_long_sentences_and_doubled_words():
    assert {"long-sentence", "doubled-word"} <= kinds(readability.judge(BAD))


@pytest.mark.parametrize("word, count", [("the", 1), ("water", 2), ("make", 1), ("table", 2),
                                         ("reading", 2), ("rhythm", 1), ("x", 1)])
def test_syllables(word, count):
    assert readability.syllables_in(word) == count


def test_terms_may_be_explained_either_way():
    for explained in ("A write-ahead log (WALX) helps.", "WALX (write-ahead log) helps."):
        assert "unexplained-term" not in kinds(consistency.judge(explained + " WALX is good."))
    assert "unexplained-term" in kinds(consistency.judge("WALX helps. A log (WALX) is good."))


def test_code_is_not_prose():
    shown = "Some text here.\n\n```\n[x](#nowhere) ABCD\n# Not a heading\n```\n"
    assert consistency.judge(shown)["findings"] == []
    assert markdown.sentences(shown) == ["Some text here."]


@pytest.mark.parametrize("paragraph, count", [
    ("One is here. Two is there.", 2), ("See e.g. Figure 2 for it.", 1),
    ("It costs 3.5 euros. Yes it does!", 2), ("J. R. Smith wrote it.", 1)])
def test_sentences_end_where_they_end(paragraph, count):
    assert len(markdown.split_sentences(paragraph)) == count


def test_summary_keeps_order_and_leaves_out_repetition():
    made = summary.summarise(GOOD + "\nBees visit flowers to find food.\n", 3)
    positions = [GOOD.replace("\n", " ").index(sentence[:20]) for sentence in made["sentences"]]
    assert len(made["sentences"]) == 3 and positions == sorted(positions)
    assert "bees" in made["keywords"]


def test_an_empty_text_is_judged_without_failing():
    assert summary.summarise("", 5)["sentences"] == []
    assert readability.judge("")["vote"] == "revise"
    assert consistency.judge("")["score"] == 100


@pytest.mark.parametrize("text, title", [(GOOD, "# Review: Pass"), (BAD, "# Review: Revise")])
def test_report_tells_the_verdict_and_what_to_mend(text, title):
    judged = {"readability": readability.judge(text), "consistency": consistency.judge(text)}
    votes = {critic: result["vote"] for critic, result in judged.items()}
    passed = set(votes.values()) == {"pass"}
    written = report.compose({"passed": passed, "vote": {"votes": votes, "score": 50},
                              "summary": summary.summarise(text, 2), **judged})
    assert written.startswith(title) and ("## What to mend" in written) == (not passed)
