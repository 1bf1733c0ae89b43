"""Calls over HTTP: paths from templates, retries where they are safe, errors as exceptions."""

from __future__ import annotations

import random
import re
import time
import uuid
from typing import Any
from urllib.parse import quote

import httpx

from . import errors
from ._codec import Message, camel, encode, plain_number

_RETRIED = {429, 502, 503, 504}
_VARIABLE = re.compile(r"\{([a-z_.]+)(?:=([^}]*))?\}")


class Transport:
    """One connection pool with one credential. Thread-safe.

    `url` may name several gateways, separated by commas: one is used until it cannot be reached.
    """

    def __init__(self, url: str, api_key: str, timeout_s: float = 30, retries: int = 4):
        self._urls = url.split(",")
        self._turn = 0
        self.api_key = api_key
        self._retries = retries
        self._http = httpx.Client(
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {api_key}", "User-Agent": "agentflow-python/0.1.0"})

    @property
    def url(self) -> str:
        """The gateway in use."""
        return self._urls[self._turn % len(self._urls)]

    def close(self) -> None:
        self._http.close()

    def call(self, verb: str, template: str, body: str, arguments: dict[str, Any],
             answer: type[Message] | None, *, safe: bool = False) -> Any:
        """Performs one call of the contract. None among the arguments means "not given". `safe`:
        it may be repeated after any loss, though nothing in it says so. A command that may carry a
        request id is given one, so that it may be repeated as well."""
        if "request_id" in arguments and not arguments["request_id"]:
            arguments = {**arguments, "request_id": str(uuid.uuid4())}
        given = {name: value for name, value in arguments.items() if value is not None}
        path = _VARIABLE.sub(lambda match: _segment(match, given), template)
        if body == "*":
            data, query = encode({camel(name): value for name, value in given.items()}), {}
        elif body:
            data = encode(given.pop(body, {}))
            query = given
        else:
            data, query = None, given
        query = {camel(name): _query_value(value) for name, value in query.items()}
        safe = safe or verb == "GET" or bool(arguments.get("request_id"))
        document = self._send(verb, path, query, data, safe)
        return answer.from_json(plain_number(document)) if answer else None

    def _send(self, verb: str, path: str, query: dict, data: Any, safe: bool) -> Any:
        """Repeats what was refused before it began (429, or no connection), and safe calls (reads
        and those with a request id) after any loss. A 503 may be a loss: of a call that was on its
        way when the connection behind the gateway broke."""
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            turn, url = self._turn, self.url
            try:
                response = self._http.request(verb, url + path, params=query, json=data)
            except httpx.TransportError as error:
                self._turn = turn + 1
                refused = isinstance(error, httpx.ConnectError)
                if last or not (safe or refused):
                    raise errors.UnavailableError(f"{url} cannot be reached: {error}",
                                                  reason="UNREACHABLE") from error
            else:
                if response.is_success:
                    return response.json() if response.content else {}
                if last or response.status_code not in _RETRIED or \
                        (not safe and response.status_code != 429):
                    raise _error_of(response)
                if "retry-after" in response.headers:
                    time.sleep(min(float(response.headers["retry-after"]), 10))
                    continue
            time.sleep(random.uniform(0, 0.1 * 2**attempt))
        raise AssertionError("unreachable")


def _segment(match: re.Match, given: dict[str, Any]) -> str:
    """Takes a path variable out of the arguments; in "a.b" it stays part of message a too."""
    name, pattern = match[1], match[2]
    head, *rest = name.split(".")
    value = given.get(head) if rest else given.pop(head, None)
    for part in rest:
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    if not value:
        raise ValueError(f"{name} is missing")
    if pattern and not re.fullmatch(pattern.replace("*", "[^/]+"), value):
        collection = pattern.split("/*", maxsplit=1)[0]
        value = f"{collection}/{value}"
    return quote(value, safe="/")


def _query_value(value: Any) -> Any:
    return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) \
        else encode(value)


def _error_of(response: httpx.Response) -> errors.AgentFlowError:
    try:
        problem = response.json()
    except ValueError:
        problem = {"detail": response.text[:500]}
    if not isinstance(problem, dict):
        problem = {"detail": str(problem)[:500]}
    return errors.from_problem(response.status_code, problem)
