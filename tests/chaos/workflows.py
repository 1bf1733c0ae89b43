"""What is run under faults: small workflows whose results are known beforehand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Callable

HEAD = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
defaults: {timeout: 60s, retry: {maxAttempts: 40, backoff: fixed, initial: 100ms}}
"""

CHAIN = """
outputs: {n: "=nodes.c.output.n"}
nodes:
  double: {type: data.transform@1, with: {value: "=inputs.n * 2"}}
  a: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.double.output}"}}
  b: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.a.output.n}"}}
  c: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.b.output.n}"}}
edges: [start -> double, double -> a, a -> b, b -> c]
"""

FAN = """
outputs: {n: "=nodes.last.output.n"}
nodes:
  a: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
  b: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n + 10}"}}
  c: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n + 20}"}}
  slowest: {type: ai.agent@1, with: {agent: slow, input: "={'n': 0, 'seconds': 0.2}"}}
  two: {type: data.transform@1, join: {mode: n, n: 2}, with: {value: 1}}
  all: {type: data.transform@1, with: {value: "=nodes.a.output.n + nodes.b.output.n"}}
  last: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.all.output}"}}
edges: [start -> a, start -> b, start -> c, start -> slowest, a -> two, c -> two, slowest -> two,
        a -> all, b -> all, two -> all, all -> last]
"""

MAP = """
outputs: {n: "=nodes.each.output"}
nodes:
  each:
    type: flow.map@1
    with: {items: "=inputs.items", concurrency: 3, output: "=nodes.price.output.n"}
    nodes:
      price: {type: ai.agent@1, with: {agent: effect, input: "={'n': item}"}}
    edges: [start -> price]
edges: [start -> each]
"""

LOOP = """
outputs: {n: "=nodes.rounds.output"}
nodes:
  rounds:
    type: flow.loop@1
    with: {until: "iteration >= 2", output: "=nodes.step.output.n"}
    nodes:
      step: {type: ai.agent@1, with: {agent: effect, input: "={'n': iteration + inputs.n}"}}
    edges: [start -> step]
edges: [start -> rounds]
"""

RETRIES = """
outputs: {n: "=nodes.b.output.n"}
nodes:
  a: {type: ai.agent@1, with: {agent: flaky, input: "={'n': inputs.n, 'good': 3}"}}
  b: {type: ai.agent@1, with: {agent: flaky, input: "={'n': nodes.a.output.n, 'good': 2}"}}
edges: [start -> a, a -> b]
"""

TIMERS = """
outputs: {n: "=nodes.b.output.n"}
nodes:
  a: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
  short: {type: flow.wait@1, with: {duration: 700ms}}
  long: {type: flow.wait@1, with: {duration: 4s}}
  b: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.a.output.n}"}}
edges: [start -> a, a -> short, a -> long, short -> b, long -> b]
"""

PIPELINE = """
outputs: {n: "=nodes.line.output"}
nodes:
  line:
    type: flow.pipeline@1
    with: {items: "=inputs.items", output: "=nodes.second.output.n"}
    nodes:
      first: {type: ai.agent@1, with: {agent: effect, input: "={'n': item}"},
              policy: {concurrency: 2}}
      second: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.first.output.n}"}}
    edges: [start -> first, first -> second]
edges: [start -> line]
"""

MILESTONE = """
outputs: {n: "=nodes.after.output.n"}
nodes:
  a: {type: ai.agent@1, with: {agent: slow, input: "={'n': inputs.n, 'seconds': 0.3}"}}
  reached:
    type: flow.await@1
    with: {condition: "nodes.?a.output.orValue({'n': -1}).n >= 0"}
  after: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
edges: [start -> a, start -> reached, reached -> after]
"""

PURE = """
outputs: {n: "=nodes.c.output"}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.n + 1"}}
  b: {type: data.transform@1, with: {value: "=nodes.a.output * 2"}}
  c: {type: data.transform@1, with: {value: "=nodes.b.output + inputs.n"}}
edges: [start -> a, a -> b, b -> c]
"""

REFUSED = """
outputs: {n: "=nodes.?sorry.output.orValue({'n': -1}).n"}
nodes:
  a: {type: ai.agent@1, with: {agent: refuse, input: "={'n': inputs.n}"}}
  sorry: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
  never: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
edges: [start -> a, a -> never, a.error -> sorry]
"""

FAILED = """
nodes:
  a: {type: ai.agent@1, with: {agent: refuse, input: "={'n': inputs.n}"}}
edges: [start -> a]
"""

CANCELED = """
nodes:
  a: {type: ai.agent@1, with: {agent: slow, input: "={'n': inputs.n, 'seconds': 2}"}}
  hour: {type: flow.wait@1, with: {duration: 1h}}
  never: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
edges: [start -> a, start -> hour, hour -> never]
"""

SIGNALED = """
outputs: {n: "=nodes.b.output.n"}
nodes:
  a: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
  go: {type: flow.signal@1, with: {name: go}}
  b:
    type: ai.agent@1
    with: {agent: effect, input: "={'n': nodes.a.output.n + nodes.go.output.n}"}
edges: [start -> a, a -> go, go -> b]
"""

APPROVED = """
outputs: {n: "=nodes.?b.output.orValue({'n': -1}).n"}
nodes:
  a: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
  sign: {type: flow.approval@1, with: {title: Go on}}
  b: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.a.output.n}"}}
  never: {type: ai.agent@1, with: {agent: effect, input: "={'n': 0}"}}
edges: [start -> a, a -> sign, sign.approved -> b, sign.rejected -> never]
"""

CHILD = """
outputs: {n: "=nodes.b.output.n"}
nodes:
  a: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
  b: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.a.output.n}"}}
edges: [start -> a, a -> b]
"""

PARENT = """
outputs: {n: "=nodes.last.output.n"}
nodes:
  one: {type: flow.workflow@1, with: {workflow: chaos-child, input: "={'n': inputs.n}"}}
  two: {type: flow.workflow@1, with: {workflow: chaos-child, input: "={'n': inputs.n + 10}"}}
  sum: {type: data.transform@1, with: {value: "=nodes.one.output.n + nodes.two.output.n"}}
  last: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.sum.output}"}}
edges: [start -> one, start -> two, one -> sum, two -> sum, sum -> last]
"""

TRANSACTION = """
outputs: {n: "=nodes.?after.output.orValue({'n': -1}).n"}
nodes:
  sale:
    type: flow.transaction@1
    with: {output: =nodes.ticket.output}
    nodes:
      pay: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"},
            policy: {compensate: refund}}
      refund: {type: ai.agent@1, with: {agent: effect, input: "={'n': step.output.n}"}}
      seat: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"},
             policy: {compensate: free}}
      free: {type: ai.agent@1, with: {agent: effect, input: "={'n': step.output.n}"}}
      ticket: {type: ai.agent@1, with: {agent: refuse, input: "={'n': inputs.n}"}}
    edges: [start -> pay, pay -> seat, seat -> ticket]
  after: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
edges: [start -> sale, sale.error -> after]
"""

CRITICAL = """
outputs: {n: "=nodes.alone.output.n"}
nodes:
  alone:
    type: flow.critical@1
    with: {key: "='account ' + string(inputs.n % 7)", output: "={'n': nodes.b.output.n}"}
    nodes:
      a: {type: ai.agent@1, with: {agent: effect, input: "={'n': inputs.n}"}}
      b: {type: ai.agent@1, with: {agent: effect, input: "={'n': nodes.a.output.n}"}}
    edges: [start -> a, a -> b]
edges: [start -> alone]
"""


@dataclass(frozen=True)
class Kind:
    name: str
    source: str
    share: int                                  # of the starts
    ends: str                                   # in this state
    result: Callable[[dict], Any] = lambda inputs: None
    inputs: Callable[[random.Random], dict] = lambda dice: {"n": dice.randrange(1000)}
    act: str = ""                               # what the client does to it besides; see load.py
    children: dict[str, int] = field(default_factory=dict)   # steps with one: what it adds to `n`
    undone: tuple[str, ...] = ()                # these steps are, in this order
    alone: str = ""                             # in this step, of one `n` % 7 one is at a time


def some_items(dice: random.Random) -> dict:
    return {"items": [dice.randrange(100) for _ in range(dice.randrange(1, 7))]}


KINDS = [
    Kind("chain", CHAIN, 5, "COMPLETED", lambda i: {"n": i["n"] * 2 + 3}),
    Kind("fan", FAN, 4, "COMPLETED", lambda i: {"n": 2 * i["n"] + 13}),
    Kind("map", MAP, 2, "COMPLETED", lambda i: {"n": [item + 1 for item in i["items"]]},
         some_items),
    Kind("loop", LOOP, 2, "COMPLETED", lambda i: {"n": i["n"] + 3}),
    Kind("retries", RETRIES, 2, "COMPLETED", lambda i: {"n": i["n"] + 2}),
    Kind("signaled", SIGNALED, 2, "COMPLETED", lambda i: {"n": 2 * i["n"] + 2}, act="signal"),
    Kind("approved", APPROVED, 1, "COMPLETED", lambda i: {"n": i["n"] + 2}, act="approve"),
    Kind("child", CHILD, 0, "COMPLETED", lambda i: {"n": i["n"] + 2}),
    Kind("parent", PARENT, 2, "COMPLETED", lambda i: {"n": 2 * i["n"] + 15},
         children={"one": 0, "two": 10}),
    Kind("transaction", TRANSACTION, 2, "COMPLETED", lambda i: {"n": i["n"] + 1},
         undone=("sale.seat", "sale.pay")),
    Kind("critical", CRITICAL, 1, "COMPLETED", lambda i: {"n": i["n"] + 2}, alone="alone"),
    Kind("paused", TIMERS, 1, "COMPLETED", lambda i: {"n": i["n"] + 2}, act="pause"),
    Kind("forked", CHAIN, 1, "COMPLETED", lambda i: {"n": i["n"] * 2 + 3}, act="fork"),
    Kind("timers", TIMERS, 3, "COMPLETED", lambda i: {"n": i["n"] + 2}),
    Kind("pipeline", PIPELINE, 1, "COMPLETED",
         lambda i: {"n": [item + 2 for item in i["items"]]}, some_items),
    Kind("milestone", MILESTONE, 1, "COMPLETED", lambda i: {"n": i["n"] + 1}),
    Kind("pure", PURE, 4, "COMPLETED", lambda i: {"n": (i["n"] + 1) * 2 + i["n"]}),
    Kind("refused", REFUSED, 1, "COMPLETED", lambda i: {"n": i["n"] + 1}),
    Kind("failed", FAILED, 1, "FAILED", act="retry"),
    Kind("canceled", CANCELED, 2, "CANCELED", act="cancel"),
]
