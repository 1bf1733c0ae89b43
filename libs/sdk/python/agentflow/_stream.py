"""Changes as they happen, over the WebSocket."""

from __future__ import annotations

import json
import time
from typing import Iterator

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from . import _api, errors
from ._codec import plain_number
from ._transport import Transport

OVER = {"COMPLETED", "FAILED", "CANCELED", "TIMED_OUT"}
Change = _api.Execution | _api.Step


def watch_execution(transport: Transport, executions: _api.ExecutionService,
                    name: str) -> Iterator[Change]:
    """First the state as it is, then each change; resumes where a connection broke."""
    topic = name if name.startswith("executions/") else f"executions/{name}"
    watch = _Watch(transport, executions, topic)
    failures = 0
    while True:
        try:
            for change in watch.connection():
                failures = 0
                yield change
                if isinstance(change, _api.Execution) and change.state in OVER:
                    return
        except (ConnectionClosed, OSError) as error:
            failures += 1
            if failures > 8:
                raise errors.UnavailableError(f"the stream broke: {error}",
                                              reason="STREAM_LOST") from error
            time.sleep(min(0.1 * 2**failures, 5))
        except InvalidHandshake as error:
            raise errors.UnavailableError(f"the stream was refused: {error}",
                                          reason="STREAM_REFUSED") from error


class _Watch:
    """One subscription over as many connections as it takes."""

    def __init__(self, transport: Transport, executions: _api.ExecutionService, topic: str):
        self._transport, self._executions, self._topic = transport, executions, topic
        self._position = ""

    def connection(self) -> Iterator[Change]:
        url = self._transport.url.replace("http", "ws", 1) + "/v1/stream"
        headers = {"Authorization": f"Bearer {self._transport.api_key}"}
        with connect(url, additional_headers=headers, max_size=8 << 20) as socket:
            socket.send(json.dumps({"subscribe": {"id": "watch", "topic": self._topic,
                                                  "position": self._position}}))
            for text in socket:
                yield from self._frame(plain_number(json.loads(text)))
        raise ConnectionResetError("the server ended the stream")

    def _frame(self, frame: dict) -> Iterator[Change]:
        if "failed" in frame:
            failed = frame["failed"]
            raise errors.AgentFlowError(failed.get("message", ""), reason=failed.get("reason", ""))
        if "event" in frame:
            event = frame["event"]
            self._position = event["position"]
            yield (_api.Execution.from_json(event["execution"]) if "execution" in event
                   else _api.Step.from_json(event["step"]))
        elif "reset" in frame or ("subscribed" in frame and not self._position):
            yield from self._executions.iterate_steps(parent=self._topic)
            yield self._executions.get_execution(name=self._topic)
