"""A worker process: every task does one effect outside, under its idempotency key."""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

import agentflow

EFFECTS = urlsplit(sys.argv[1])
_local = threading.local()
worker = agentflow.Worker(capacity=12)


def effect(task) -> str:
    """Does the effect and gives what proves it. A lost answer fails the attempt."""
    body = json.dumps({"key": task.idempotency_key, "attempt": task.attempt,
                       "execution": task.execution, "step": f"{task.node}[{task.iteration}]",
                       "worker": os.getpid()})
    if not hasattr(_local, "connection"):
        _local.connection = http.client.HTTPConnection(EFFECTS.netloc, timeout=10)
    try:
        _local.connection.request("POST", "/effect", body)
        return json.loads(_local.connection.getresponse().read())["nonce"]
    except (http.client.HTTPException, OSError) as error:
        _local.connection.close()
        del _local.connection
        raise agentflow.TaskError("EFFECT_ANSWER_LOST", repr(error)) from error


@worker.agent("effect")
def do_effect(input, task):
    return {"n": input["n"] + 1, "nonce": effect(task)}


@worker.agent("flaky")
def flaky(input, task):
    """Does its effect and then fails, until its `good` attempt."""
    nonce = effect(task)
    if task.attempt < input["good"]:
        raise agentflow.TaskError("NOT_YET", f"attempt {task.attempt} of {input['good']}")
    return {"n": input["n"] + 1, "nonce": nonce}


@worker.agent("slow")
def slow(input, task):
    """Takes its time, so that it is in hand when something dies."""
    nonce = effect(task)
    until = time.monotonic() + input["seconds"]
    while time.monotonic() < until:
        task.check_canceled()
        time.sleep(0.05)
    return {"n": input["n"] + 1, "nonce": nonce}


@worker.agent("refuse")
def refuse(input, task):
    effect(task)
    raise agentflow.TaskError("NO_WAY", "it cannot work", retryable=False)


worker.run()
