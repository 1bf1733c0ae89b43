"""Composes the board's report in Markdown."""

FINDINGS_SHOWN = 10


def compose(board: dict) -> str:
    """From {"passed", "vote", "summary", "readability", "consistency"} as the workflow gives it."""
    parts = [_verdict(board), _summary(board["summary"]), _readability(board["readability"]),
             _consistency(board["consistency"])]
    if not board["passed"]:
        parts.append(_next_steps(board))
    return "\n\n".join(parts) + "\n"


def _verdict(board: dict) -> str:
    word = "Pass" if board["passed"] else "Revise"
    votes = ", ".join(f"{critic}: {vote}" for critic, vote in sorted(board["vote"]["votes"].items()))
    return f"# Review: {word}\n\n**Score {board['vote']['score']:.0f} of 100** ({votes})"


def _summary(summary: dict) -> str:
    lines = [f"- {sentence}" for sentence in summary["sentences"]] or ["- (no running text)"]
    keywords = ", ".join(summary["keywords"])
    return "## Summary\n\n" + "\n".join(lines) + (f"\n\nKeywords: {keywords}" if keywords else "")


def _readability(judged: dict) -> str:
    table = [("Words", judged["words"]), ("Sentences", judged["sentences"]),
             ("Words per sentence", judged.get("wordsPerSentence", 0)),
             ("Flesch reading ease", judged["ease"]), ("School grade", judged["grade"])]
    rows = "\n".join(f"| {name} | {value} |" for name, value in table)
    return (f"## Readability: {judged['score']} of 100\n\n| | |\n|---|---|\n{rows}"
            + _findings(judged["findings"]))


def _consistency(judged: dict) -> str:
    return (f"## Consistency: {judged['score']} of 100"
            + (_findings(judged["findings"]) or "\n\nNothing contradicts itself."))


def _findings(findings: list[dict]) -> str:
    if not findings:
        return ""
    lines = []
    for finding in findings[:FINDINGS_SHOWN]:
        place = f"line {finding['line']}: " if finding.get("line") else ""
        quote = f" — \"{finding['quote']}\"" if finding.get("quote") else ""
        lines.append(f"- {place}{finding['message']}{quote}")
    if len(findings) > FINDINGS_SHOWN:
        lines.append(f"- and {len(findings) - FINDINGS_SHOWN} more")
    return "\n\n" + "\n".join(lines)


def _next_steps(board: dict) -> str:
    """What to mend first: the kinds of finding, the most frequent first."""
    kinds: dict[str, int] = {}
    for critic in ("readability", "consistency"):
        for finding in board[critic]["findings"]:
            kinds[finding["kind"]] = kinds.get(finding["kind"], 0) + 1
    ordered = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{i}. {kind.replace('-', ' ')} ({count}x)" for i, (kind, count)
             in enumerate(ordered, 1)]
    return "## What to mend\n\n" + ("\n".join(lines) or "1. Shorter words and sentences.")
