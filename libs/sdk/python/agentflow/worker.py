"""Agents in Python: functions that do tasks.

    worker = agentflow.Worker()

    @worker.agent("shout")
    def shout(input, task):
        return {"text": input["text"].upper()}

    worker.run()
"""

from __future__ import annotations

import inspect
import logging
import os
import signal
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable

from . import _settings
from ._session import Session
from ._transport import Transport
from ._values import from_value, to_struct, to_value
from .api.v1 import worker_pb2 as pb
from .errors import PayloadTooLargeError, TaskCanceled, TaskError
from .payloads import INLINE_BYTES, Payloads

log = logging.getLogger("agentflow.worker")


class Task:
    """What an agent may know about the task it does."""

    def __init__(self, message: pb.Task, alive: Callable[[], None] = lambda: None):
        self.id = message.task_id
        self.attempt = message.attempt
        self.agent = message.agent
        self.execution = message.execution
        self.workflow = message.workflow
        self.node = message.node
        self.iteration = message.iteration
        # The same for every attempt: outside systems can recognise repeats by it.
        self.idempotency_key = message.idempotency_key
        self.traceparent = message.traceparent
        self.mode = message.mode
        self.tenant = message.tenant  # of a shared worker's task; else empty
        self.deadline = message.deadline.ToDatetime() if message.HasField("deadline") else None
        # The attempt fails where heartbeat() is not called for this long; None: it need not be.
        self.heartbeat_timeout_s = (message.heartbeat_timeout.ToMilliseconds() / 1000
                                    if message.HasField("heartbeat_timeout") else None)
        self._alive = alive
        self._canceled = threading.Event()

    @property
    def canceled(self) -> bool:
        """Nobody waits for the result any more."""
        return self._canceled.is_set()

    def heartbeat(self) -> None:
        """Says that the work gets on, and raises TaskCanceled once nobody waits for the result.
        Where the workflow gives the step a `heartbeat` timeout, call it more often than that, from
        the work itself (not from a timer, which would go on when the work hangs). Cheap."""
        self._alive()
        self.check_canceled()

    def check_canceled(self) -> None:
        """Raises TaskCanceled once nobody waits for the result; call it in long loops."""
        if self.canceled:
            raise TaskCanceled(self.id)


@dataclass
class _Agent:
    description: pb.AgentDescription
    function: Callable[..., Any]
    takes_task: bool


class Worker:
    """A process that does tasks. `capacity` is how many at once, each on a thread of its own.

    With `shared` it serves every tenant of the platform, in turns by their weights and by the
    time that their tasks take; its key needs the role platform-worker. `Task.tenant` says whose
    task it is.

    What an input names by reference is downloaded first: the function gets the content. An output
    over `inline_bytes` (the platform's limit of one value) is uploaded. Neither is done for
    `shared` workers, whose key belongs to another tenant than the task.
    """

    def __init__(self, url: str | None = None, grpc: str | None = None,
                 api_key: str | None = None, *, capacity: int = 8, shared: bool = False,
                 inline_bytes: int = INLINE_BYTES):
        self._settings = _settings.load(url, grpc, api_key)
        self._capacity = capacity
        self._shared = shared
        self._inline_bytes = inline_bytes
        self._payloads = Payloads(Transport(self._settings.url, self._settings.api_key))
        self._agents: dict[str, _Agent] = {}
        self._tasks: dict[tuple[str, int], Task] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(capacity, thread_name_prefix="agent")
        self._session: Session | None = None

    def agent(self, name: str, *, title: str = "", input_schema: dict | None = None,
              output_schema: dict | None = None) -> Callable:
        """Makes a function the agent `name` (a slug). It gets the input, and the Task as second
        argument if it has one; what it returns is the output. Its docstring is the description.
        """
        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            description = pb.AgentDescription(
                id=name, title=title or name.replace("_", " ").replace("-", " ").capitalize(),
                description=inspect.getdoc(function) or "")
            if input_schema is not None:
                description.input_schema.CopyFrom(to_struct(input_schema))
            if output_schema is not None:
                description.output_schema.CopyFrom(to_struct(output_schema))
            takes_task = len(inspect.signature(function).parameters) > 1
            self._agents[name] = _Agent(description, function, takes_task)
            return function
        return register

    def run(self) -> None:
        """Works until SIGTERM or SIGINT (or stop()); then finishes what it holds and returns."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        self.start()
        self._session.join()
        self._pool.shutdown()

    def start(self) -> None:
        """Connects in the background."""
        if not self._agents:
            raise ValueError("register an agent first: @worker.agent(\"name\")")
        hello = pb.Hello(
            worker_id=f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}",
            agents=[agent.description for agent in self._agents.values()],
            capacity=self._capacity, client="agentflow-python/0.1.0", shared=self._shared)
        self._session = Session(self._settings, hello, self._capacity, self._accept, self._cancel)
        self._session.start()

    def stop(self) -> None:
        """No new tasks; what is held is finished and its results are acknowledged first."""
        if self._session:
            self._session.drain()

    def _accept(self, message: pb.Task) -> None:
        key = (message.task_id, message.attempt)
        task = Task(message, lambda: self._session.alive(key))
        with self._lock:
            self._tasks[(task.id, task.attempt)] = task
        self._pool.submit(self._perform, message, task)

    def _cancel(self, reference: pb.TaskRef) -> None:
        with self._lock:
            task = self._tasks.get((reference.task_id, reference.attempt))
        if task:
            task._canceled.set()

    def _perform(self, message: pb.Task, task: Task) -> None:
        result = pb.TaskResult(task_id=task.id, attempt=task.attempt, token=message.token)
        try:
            output = self._call(message, task)
            if not self._shared:
                output = self._payloads.shrink(output, "output", self._inline_bytes)
            result.output.CopyFrom(to_value(output))
        except TaskCanceled:
            result.failure.CopyFrom(pb.TaskFailure(reason="TASK_CANCELED", retryable=False,
                                                   message="canceled while it ran"))
        except PayloadTooLargeError as error:
            result.failure.CopyFrom(pb.TaskFailure(reason="OUTPUT_TOO_LARGE", retryable=False,
                                                   message=error.message))
        except TaskError as error:
            result.failure.CopyFrom(pb.TaskFailure(reason=error.reason, message=error.message,
                                                   retryable=error.retryable))
        except Exception as error:  # whatever an agent raises fails its task, not the worker
            log.exception("agent %s failed on %s", task.agent, task.id)
            result.failure.CopyFrom(pb.TaskFailure(reason="AGENT_EXCEPTION", retryable=True,
                                                   message=f"{type(error).__name__}: {error}"))
        with self._lock:
            self._tasks.pop((task.id, task.attempt), None)
        self._session.finish(result)

    def _call(self, message: pb.Task, task: Task) -> Any:
        agent = self._agents.get(task.agent)
        if agent is None:
            raise TaskError("AGENT_UNKNOWN", f"this worker has no agent {task.agent}",
                            retryable=True)
        value = from_value(message.input)
        if not self._shared:
            value = self._payloads.resolve(value)
        return agent.function(value, task) if agent.takes_task else agent.function(value)
