"""Agents whose tasks end when a test says so, and questions about what an execution did."""

import threading
import time
from collections import defaultdict, deque

import agentflow


def eventually(holds, instead=lambda: "", seconds: float = 30):
    """Waits until `holds()` gives something true, and gives that. `instead()` says what is so
    where it does not come to it."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"it has not come to that: {instead()}"
        time.sleep(0.02)
    return value


class Desk:
    """A task is known by its step's key: "pay", or "orders.pay#2" in a round of `orders`."""

    def __init__(self, workers, *agents: str, capacity: int = 16):
        self.begun: list[str] = []
        self.canceled: list[str] = []
        self.inputs: dict[str, object] = {}
        self._ends: dict[str, deque] = defaultdict(deque)
        self._closed = False
        self._changed = threading.Condition()
        workers.start(capacity, **{agent: self._work for agent in agents})

    def _work(self, input, task):
        key = task.node + (f"#{task.iteration}" if task.iteration else "")
        with self._changed:
            self.begun.append(key)
            self.inputs[key] = input
            self._changed.notify_all()
            while not self._ends[key]:
                if task.canceled or self._closed:
                    self.canceled.append(key)
                    raise agentflow.TaskCanceled(key)
                self._changed.wait(0.02)
            end = self._ends[key].popleft()
        if isinstance(end, agentflow.TaskError):
            raise end
        return end

    def expect(self, *keys: str) -> None:
        """Waits until these are being worked on, or were."""
        eventually(lambda: set(keys) <= set(self.begun), lambda: self.begun)

    def expect_canceled(self, *keys: str) -> None:
        """Waits until these have been called off, and no others."""
        eventually(lambda: sorted(self.canceled) == sorted(keys), lambda: self.canceled)

    def finish(self, key: str, output=None) -> None:
        """Ends a task, now or as soon as it begins. Said twice, it ends two of that key."""
        with self._changed:
            self._ends[key].append(output)
            self._changed.notify_all()

    def fail(self, key: str, reason: str, retryable: bool = False) -> None:
        self.finish(key, agentflow.TaskError(reason, "as the test says", retryable=retryable))

    def close(self) -> None:
        self._closed = True


class Run:
    """One execution, looked at."""

    def __init__(self, client, workflow: str, input=None):
        self._executions = client.executions
        self.name = client.executions.start(workflow, input).name

    def end(self, check: bool = True):
        return self._executions.wait(self.name, timeout_s=60, check=check)

    @property
    def output(self):
        return self.end().output

    @property
    def state(self) -> str:
        return self._executions.get_execution(name=self.name).state

    def steps(self) -> dict:
        """By key."""
        found = self._executions.iterate_steps(parent=self.name)
        return {step.node + (f"#{step.iteration}" if step.iteration else ""): step
                for step in found}

    def states(self) -> dict[str, str]:
        """By key. A step to which nothing has happened yet is not listed: it is PENDING."""
        return defaultdict(lambda: "PENDING",
                           {key: step.state for key, step in self.steps().items()})

    def reach(self, key: str, state: str):
        """Waits until a step is in that state, and gives the step."""
        def there():
            step = self.steps().get(key)
            return step if step is not None and step.state == state else None
        return eventually(there, lambda: dict(self.states()))

    def events(self, *types: str) -> list[str]:
        """The keys of the steps of these events, in their order."""
        return [event.node + (f"#{event.iteration}" if event.iteration else "")
                for event in self._executions.iterate_events(parent=self.name)
                if event.type in types]

    def completed(self) -> list[str]:
        return self.events("StepCompleted")

    def signal(self, name: str, payload=None, **options) -> None:
        self._executions.signal_execution(name=self.name, signal=name, payload=payload, **options)

    def cancel(self, **options) -> None:
        self._executions.cancel_execution(name=self.name, **options)
