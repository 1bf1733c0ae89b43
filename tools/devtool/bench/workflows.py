"""The workflows that are measured."""

import json
import os
import subprocess

from .. import paths
from ..progress import Failure

CHAINED = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.n + 1"}POLICY}
  b: {type: data.transform@1, with: {value: "=nodes.a.output * 2"}POLICY}
  c: {type: data.transform@1, with: {value: "=nodes.b.output - 3"}POLICY}
edges: [start -> a, a -> b, b -> c]
"""
DISPATCHED = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: bench-dispatched}
inputs: {type: object}
nodes:
  a: {type: ai.agent@1, with: {agent: bench, input: "=inputs"}}
  b: {type: ai.agent@1, with: {agent: bench, input: "=nodes.a.output"}}
  c: {type: ai.agent@1, with: {agent: bench, input: "=nodes.b.output"}}
edges: [start -> a, a -> b, b -> c]
"""
FIRST = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: bench-first}
inputs: {type: object}
nodes:
  a: {type: ai.agent@1, with: {agent: bench-first, input: "=inputs"}}
edges: [start -> a]
"""
WAITING = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: bench-waiting}
inputs: {type: object}
nodes:
  wait: {type: flow.signal@1, with: {name: go}}
  done: {type: data.transform@1, with: {value: "=inputs.n + 1"}}
edges: [start -> wait, wait -> done]
"""
MAP = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: bench-map}
inputs: {type: object}
nodes:
  each:
    type: flow.map@1
    with: {items: "=inputs.items", concurrency: 1000, output: "=nodes.work.output"}
    nodes:
      work: {type: ai.agent@1, with: {agent: bench, input: "=item"}}
    edges: [start -> work]
edges: [start -> each]
"""
MAP_ITEMS = 10_000
GRAPH_LAYERS, GRAPH_WIDTH, GRAPH_FAN = 40, 50, 3


def _graph() -> dict:
    """2,000 tasks in 40 layers of 50; each feeds three of the next layer: about 5,900 edges."""
    nodes = {f"n{layer}_{i}": {"type": "ai.agent@1", "with": {"agent": "bench", "input": 1}}
             for layer in range(GRAPH_LAYERS) for i in range(GRAPH_WIDTH)}
    edges = [f"start -> n0_{i}" for i in range(GRAPH_WIDTH)]
    edges += [f"n{layer}_{i} -> n{layer + 1}_{(i + step * 7) % GRAPH_WIDTH}"
              for layer in range(GRAPH_LAYERS - 1) for i in range(GRAPH_WIDTH)
              for step in range(GRAPH_FAN)]
    return {"apiVersion": "agentflow/v1", "kind": "Workflow", "metadata": {"name": "bench-graph"},
            "nodes": nodes, "edges": edges}

SCORES = 24


def _expressions() -> dict:
    """Some thirty nodes with schemas, as people draw them: scores, decisions, an outcome."""
    score = {"total": "=double(inputs.order.amount) * N.0", "label": "='score N: ' + inputs.customer.name"}
    nodes = {f"score_{i}": {"type": "data.transform@1", "title": f"Score {i}", "with": {
        "value": {key: text.replace("N", str(i)) for key, text in score.items()}}}
        for i in range(SCORES)}
    nodes |= {
        "decide": {"type": "flow.if@1", "with": {"when": "nodes.score_7.output.total > inputs.limit"}},
        "accept": {"type": "data.transform@1", "with": {"value": "=nodes.score_1.output.label"}},
        "refuse": {"type": "data.transform@1", "with": {"value": "refused"}},
        "end": {"type": "data.transform@1", "join": "any", "with": {
            "value": "=nodes.?accept.output.orValue('none')"}},
    }
    edges = ["start -> score_0"] + [f"score_{i} -> score_{i + 1}" for i in range(SCORES - 1)]
    edges += [f"score_{SCORES - 1} -> decide", "decide.true -> accept", "decide.false -> refuse",
              "accept -> end", "refuse -> end"]
    number, text = {"type": "number"}, {"type": "string"}
    inputs = {"type": "object", "required": ["limit", "order", "customer"], "properties": {
        "limit": number,
        "order": {"type": "object", "required": ["amount"],
                  "properties": {"amount": number, "currency": text, "note": text}},
        "customer": {"type": "object", "required": ["name"],
                     "properties": {"name": text, "email": text, "since": text}}}}
    return {"apiVersion": "agentflow/v1", "kind": "Workflow",
            "metadata": {"name": "bench-expressions"}, "inputs": inputs, "nodes": nodes,
            "edges": edges, "outputs": {"result": "=nodes.end.output"}}


EXPRESSIONS_INPUT = {"limit": 10, "order": {"amount": 12.5}, "customer": {"name": "Ada"}}


def sources() -> dict[str, str]:
    return {
        "bench-chained": CHAINED.replace("NAME", "bench-chained").replace("POLICY", ""),
        "bench-strict": CHAINED.replace("NAME", "bench-strict").replace(
            "POLICY", ", policy: {checkpoint: true}"),
        "bench-dispatched": DISPATCHED, "bench-first": FIRST, "bench-map": MAP,
        "bench-waiting": WAITING,
        "bench-graph": json.dumps(_graph()), "bench-expressions": json.dumps(_expressions()),
    }


def publish(stack) -> None:
    cli = paths.binary(stack.preset, "agentflow")
    made = stack.credentials()
    env = {**os.environ, "AGENTFLOW_URL": made["url"], "AGENTFLOW_API_KEY": made["api_key"]}
    for name, source in sources().items():
        done = subprocess.run([cli, "apply", "-f", "-", "--publish"], input=source, text=True,
                              env=env, capture_output=True, check=False)
        if done.returncode != 0:
            raise Failure(f"{name} was not published: {done.stderr or done.stdout}")
