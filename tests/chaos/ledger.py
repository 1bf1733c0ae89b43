"""What the client was promised, and how each call was answered."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable

import agentflow

from workflows import Kind

IN_TIME_S = 1.0
OVER = {"COMPLETED", "FAILED", "CANCELED", "TIMED_OUT"}


@dataclass
class Entry:
    """One start request. `name` is there once it was acknowledged."""

    request_id: str
    kind: Kind
    inputs: dict
    name: str | None = None
    started_at: float = 0.0
    seen_over: str | None = None    # the terminal state that a read has shown
    origin: str | None = None       # the execution that this one is a fork or a retry of
    # What the client did to it, acknowledged: "signal", "approve", "pause", "resume", "cancel",
    # "fork", "retry".
    done: set[str] = field(default_factory=set)


@dataclass
class Call:
    """One call of the SDK, with all its retries."""

    at: float
    verb: str
    seconds: float
    outcome: str    # "done", or the reason of the error
    answers: list[Answer] = field(default_factory=list)    # what came on the way to it


@dataclass
class Answer:
    """What a gateway said, counted from when the client first asked for it: asking the other
    gateway because the first is gone is part of waiting for one answer."""

    at: float
    verb: str
    seconds: float
    outcome: str    # "done", the reason of a refusal, or UNREACHABLE
    right: bool


@dataclass
class Ledger:
    """Thread-safe."""

    entries: list[Entry] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)     # answers that contradict a promise
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, entry: Entry) -> None:
        with self.lock:
            self.entries.append(entry)

    def listen(self, client: agentflow.Client) -> None:
        """Notes every answer that this client gets."""
        http = client._transport._http
        request = http.request

        def noted(*args, **kwargs):
            begin = time.monotonic()
            if _asking.since is None:
                _asking.since = begin
            response = request(*args, **kwargs)   # what breaks on the way is no answer yet
            self._answered(*_judge(response))
            return response
        http.request = noted

    def _answered(self, outcome: str, right: bool) -> None:
        now = time.monotonic()
        answer = Answer(now, _asking.verb, now - _asking.since, outcome, right)
        _asking.since = None
        if answer.verb:
            _asking.answers.append(answer)
            with self.lock:
                self.answers.append(answer)

    def call(self, verb: str, function: Callable[[], Any]) -> Any:
        """Times one call of the SDK, its retries included. Errors of the way there are noted and
        raised; so are refusals, whose rightness the caller judges."""
        begin = time.monotonic()
        outcome = "done"
        _asking.verb, _asking.since, _asking.answers = verb, None, []
        try:
            return function()
        except agentflow.AgentFlowError as error:
            outcome = error.reason or type(error).__name__
            raise
        finally:
            if _asking.since is not None:
                self._answered("UNREACHABLE", False)
            _asking.verb = ""
            with self.lock:
                self.calls.append(Call(begin, verb, time.monotonic() - begin, outcome,
                                       _asking.answers))

    def report_wrong(self, text: str) -> None:
        with self.lock:
            self.wrong.append(text)

    def saw(self, entry: Entry, state: str, before: str | None = None) -> None:
        """A call has shown `state`; `before` it began, the execution was seen to be over: what is
        over stays as it is."""
        with self.lock:
            if before and state != before:
                self.wrong.append(f"{entry.name} was {before} and is {state}")
            if state in OVER:
                entry.seen_over = state


class _Asking(threading.local):
    verb = ""
    since: float | None = None
    answers: list[Answer] = []


_asking = _Asking()

# Refusals that are the right answer to a call, by verb: an earlier try, whose answer was lost, has
# done it, or the execution has ended before. The check looks what it was.
RIGHT = {"cancel": {"EXECUTION_OVER"}, "signal": {"EXECUTION_OVER"},
         "pause": {"EXECUTION_OVER", "EXECUTION_PAUSED"},
         "resume": {"EXECUTION_OVER", "EXECUTION_NOT_PAUSED"}}


def _judge(response) -> tuple[str, bool]:
    """Right is what was asked for; or an honest refusal: nothing was done, and it says when to
    come again."""
    if response.is_success:
        return "done", True
    try:
        reason = response.json().get("reason", "")
    except ValueError:
        reason = ""
    honest = response.status_code in (429, 503) and "retry-after" in response.headers
    return reason or f"HTTP {response.status_code}", \
        bool(reason) and (honest or reason in RIGHT.get(_asking.verb, ()))


def is_right(call: Call) -> bool:
    return call.outcome == "done" or call.outcome in RIGHT.get(call.verb, ())
