"""The agents of the review board: each a function of board/ behind the Python SDK.

    python agents.py        serves all four until it is told to stop
"""

import logging

import agentflow
from board import consistency, readability, report, summary

worker = agentflow.Worker(capacity=8)

TEXT = {"type": "object", "required": ["text"],
        "properties": {"text": {"type": "string"},
                       "sentences": {"type": "integer", "minimum": 1, "maximum": 20}}}


@worker.agent("summariser", input_schema=TEXT)
def summariser(input):
    """Picks the sentences that say most, and the keywords (TextRank)."""
    return summary.summarise(input["text"], input.get("sentences", 5))


@worker.agent("readability", title="Readability critic", input_schema=TEXT)
def readability_critic(input):
    """Judges how hard a text is to read (Flesch), and names the sentences that make it so."""
    return readability.judge(input["text"])


@worker.agent("consistency", title="Consistency critic", input_schema=TEXT)
def consistency_critic(input):
    """Finds broken links, repeated headings, unexplained terms and mixed spellings."""
    return consistency.judge(input["text"])


@worker.agent("writer", title="Report writer")
def writer(input):
    """Composes the board's findings into a Markdown report."""
    return {"markdown": report.compose(input)}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    worker.run()
