"""The worker's connection: one stream at a time, opened again whenever it breaks.

Held tasks and results that were not acknowledged outlive the stream they came on; a new stream
begins by naming them. That is what makes a lost connection cost nothing but time.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from typing import Callable

import grpc

from ._settings import Settings
from .api.v1 import worker_pb2 as pb
from .api.v1.worker_pb2_grpc import WorkerServiceStub

log = logging.getLogger("agentflow.worker")

_OPTIONS = [("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.max_receive_message_length", 16 << 20)]
# A credential that is refused does not become better by asking again.
_FINAL = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED,
          grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED}
Key = tuple[str, int]


class Session:
    """Thread-safe. Calls `accept` and `cancel` from its reader thread."""

    def __init__(self, settings: Settings, hello: pb.Hello, capacity: int,
                 accept: Callable[[pb.Task], None], cancel: Callable[[pb.TaskRef], None]):
        self._settings, self._hello, self._capacity = settings, hello, capacity
        self._accept, self._cancel = accept, cancel
        self._lock = threading.Lock()
        self._held: dict[Key, pb.TaskRef] = {}
        self._results: dict[Key, pb.TaskResult] = {}
        self._alive: set[Key] = set()  # since the last heartbeat
        self._hurry = threading.Event()
        self._outbox: queue.Queue = queue.Queue()
        self._interval_s = 5.0
        self._draining = threading.Event()
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._threads = [threading.Thread(target=self._stay_connected, name="stream", daemon=True),
                         threading.Thread(target=self._beat, name="heartbeat", daemon=True)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Returns when drained; raises when the platform refuses this worker for good."""
        while not self._ended.wait(0.2):
            if self._draining.is_set() and self._is_idle():
                self._ended.set()
        self._outbox.put(None)
        if self._failure:
            raise self._failure

    def drain(self) -> None:
        if not self._draining.is_set():
            self._draining.set()
            self._send(pb.WorkerMessage(drain=pb.Drain()))

    def finish(self, result: pb.TaskResult) -> None:
        """Sends a result, again after every reconnect until it is acknowledged."""
        key = (result.task_id, result.attempt)
        with self._lock:  # a stream opened in between would count the slot twice
            self._held.pop(key, None)
            self._results[key] = result
            self._send(pb.WorkerMessage(results=pb.TaskResults(results=[result])))
            if not self._draining.is_set():
                self._send(pb.WorkerMessage(credit=pb.Credit(tasks=1)))

    def alive(self, key: Key) -> None:
        """The handler of a task that is held gets on; told with the next heartbeat."""
        with self._lock:
            self._alive.add(key)

    def _is_idle(self) -> bool:
        with self._lock:
            return not self._held and not self._results

    def _send(self, message: pb.WorkerMessage) -> None:
        self._outbox.put(message)

    def _stay_connected(self) -> None:
        failures = 0
        while not self._ended.is_set():
            try:
                self._one_stream()
                failures = 0
            except grpc.RpcError as error:
                if error.code() in _FINAL:
                    self._failure = PermissionError(
                        f"the platform refuses this worker: {error.details()}")
                    self._ended.set()
                    return
                failures += 1
                log.warning("connection to %s lost (%s); trying again", self._settings.grpc,
                            error.details())
            self._ended.wait(random.uniform(0, min(0.1 * 2**failures, 5)))

    def _one_stream(self) -> None:
        outbox = self._open_outbox()
        with self._channel() as channel:
            stream = WorkerServiceStub(channel).Work(
                iter(outbox.get, None),
                metadata=[("authorization", f"Bearer {self._settings.api_key}")])
            try:
                for message in stream:
                    self._receive(message)
            finally:
                outbox.put(None)

    def _channel(self) -> grpc.Channel:
        if self._settings.url.startswith("https://"):
            return grpc.secure_channel(self._settings.grpc, grpc.ssl_channel_credentials(),
                                       _OPTIONS)
        return grpc.insecure_channel(self._settings.grpc, _OPTIONS)

    def _open_outbox(self) -> queue.Queue:
        """What a new stream starts with: who we are, what we hold, what was not acknowledged."""
        outbox: queue.Queue = queue.Queue()
        with self._lock:
            hello = pb.Hello()
            hello.CopyFrom(self._hello)
            hello.held.extend(self._held.values())
            outbox.put(pb.WorkerMessage(hello=hello))
            if self._results:
                outbox.put(pb.WorkerMessage(
                    results=pb.TaskResults(results=list(self._results.values()))))
            free = self._capacity - len(self._held)
            if self._draining.is_set():
                outbox.put(pb.WorkerMessage(drain=pb.Drain()))
            elif free > 0:
                outbox.put(pb.WorkerMessage(credit=pb.Credit(tasks=free)))
            self._outbox = outbox
        return outbox

    def _receive(self, message: pb.CoordinatorMessage) -> None:
        kind = message.WhichOneof("body")
        if kind == "welcome":
            self._interval_s = message.welcome.heartbeat_interval.ToMilliseconds() / 1000 or 5.0
            log.info("connected to %s", self._settings.grpc)
        elif kind == "tasks":
            for task in message.tasks.tasks:
                self._take(task)
        elif kind == "cancel":
            for reference in message.cancel.tasks:
                self._cancel(reference)
        elif kind == "acknowledged":
            with self._lock:
                for reference in message.acknowledged.results:
                    self._results.pop((reference.task_id, reference.attempt), None)
                for refused in message.acknowledged.refused:
                    self._results.pop((refused.task.task_id, refused.task.attempt), None)
            for refused in message.acknowledged.refused:
                log.warning("the result of task %s, attempt %d, did not count: %s [%s]",
                            refused.task.task_id, refused.task.attempt, refused.message,
                            refused.reason)

    def _take(self, task: pb.Task) -> None:
        key = (task.task_id, task.attempt)
        with self._lock:
            known = key in self._held or key in self._results
            held = pb.TaskRef(task_id=task.task_id, attempt=task.attempt, token=task.token)
            if task.HasField("heartbeat_timeout"):
                held.heartbeat_timeout.CopyFrom(task.heartbeat_timeout)
            self._held.setdefault(key, held)
            if key in self._results:
                self._held.pop(key)
        if not known:
            self._accept(task)
        if task.HasField("heartbeat_timeout"):
            self._hurry.set()  # it may have to be named more often than the others

    def _beat(self) -> None:
        while not self._ended.is_set():
            if self._hurry.wait(self._pause_s()):
                self._hurry.clear()
            with self._lock:
                held = [pb.TaskRef(task_id=name, attempt=attempt) for name, attempt in self._held]
                alive = [pb.TaskRef(task_id=name, attempt=attempt)
                         for name, attempt in self._alive if (name, attempt) in self._held]
                self._alive.clear()
            self._send(pb.WorkerMessage(heartbeat=pb.Heartbeat(held=held, alive=alive)))

    def _pause_s(self) -> float:
        """Three signs of life at least within the shortest heartbeat timeout."""
        with self._lock:
            timeouts = [held.heartbeat_timeout.ToMilliseconds() / 1000
                        for held in self._held.values() if held.HasField("heartbeat_timeout")]
        return max(0.01, min([self._interval_s, *(timeout / 3 for timeout in timeouts)]))
