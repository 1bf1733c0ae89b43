"""Expressions: what is wrong with one, what may be written, what it gives. REST, gRPC, SDK, CLI."""

import json

import grpc
import pytest
from conftest import Http, publish
from test_grpc import api, call  # noqa: F401

SOURCE = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs:
  type: object
  required: [amount, items]
  properties:
    amount: {type: number, description: What the customer wants back}
    note: {type: string}
    items: {type: array, items: {type: object, required: [price], properties: {price: {type: number}}}}
nodes:
  total: {type: data.transform@1, with: {value: {sum: =inputs.amount * 2.0}}}
  large: {type: flow.if@1, with: {when: nodes.total.output.sum > 10.0}}
  refuse: {type: data.transform@1, with: {value: no}}
  each:
    type: flow.map@1
    with: {items: =inputs.items, output: =nodes.price.output}
    nodes: {price: {type: data.transform@1, with: {value: =item.price * 1.5}}}
    edges: [start -> price]
  repeat:
    type: flow.loop@1
    with: {until: iteration >= 1, output: =nodes.again.output}
    nodes: {again: {type: data.transform@1, with: {value: =iteration * 10}}}
    edges: [start -> again]
edges: [start -> total, total -> large, large.false -> refuse, large.true -> each, each -> repeat]
"""
INPUT = {"amount": 30, "items": [{"price": 2}, {"price": 4.5}]}


@pytest.fixture(scope="module")
def workflow(client):
    return publish(client, SOURCE)


@pytest.fixture(scope="module")
def execution(client, workflow):
    done = client.executions.wait(client.executions.start(workflow, INPUT).name)
    return done.name


@pytest.fixture(scope="module")
def check(rest):
    def ask(expression, **where):
        return rest.ok("POST", "/v1/expressions:check", {"expression": expression, **where})
    return ask


@pytest.fixture(scope="module")
def evaluate(rest):
    def ask(expression, **where):
        return rest.ok("POST", "/v1/expressions:evaluate", {"expression": expression, **where})
    return ask


def problem_of(answer) -> dict:
    assert len(answer["problems"]) == 1, answer
    return answer["problems"][0]


def labels(answer) -> list[str]:
    return [item["label"] for item in answer["completions"].get("items", [])]


@pytest.mark.parametrize("expression, value, kind", [
    # Declared as a number: 30 came in as a double and stayed one.
    ("inputs.amount * 1.5", 45, "double"),
    ("nodes.total.output", {"sum": 60}, "map"),
    ("nodes.total.output.sum > 50.0", True, "bool"),
    ("size(nodes.each.output)", 2, "int"),
    ("nodes.each.output[1]", 6.75, "double"),
    ("nodes.repeat.output", 10, "int"),
    ("has(nodes.refuse.output)", False, "bool"),
    ("nodes.?refuse.output.hasValue()", False, "bool"),
    ("nodes.filter(id, has(nodes[id].output)).size()", 4, "int"),
    ("execution.mode", "LIVE", "string"),
    ("execution.startTime > timestamp('2024-01-01T00:00:00Z')", True, "bool"),
    ("null", None, "null_type"),
])
def test_an_execution_is_read_as_it_is(evaluate, execution, expression, value, kind):
    answer = evaluate(expression, execution=execution)
    assert (answer["value"], answer["type"]) == (value, kind), answer
    assert not [p for p in answer.get("problems", []) if p["severity"] == "ERROR"]


def test_a_step_is_read_as_it_saw_it(evaluate, execution):
    at = lambda step, text: evaluate(text, execution=execution, step=step)["value"]  # noqa: E731
    assert at("total", "nodes.?total.output.hasValue()") is False
    assert at("large", "nodes.total.output.sum") == 60
    assert at("large", "nodes.?each.output.hasValue()") is False
    assert at("repeat", "nodes.each.output") == [3, 6.75]
    assert at("each.price#1", "[item.price, double(index)]") == [4.5, 1]
    assert at("each.price#0", "item") == {"price": 2}
    assert [at(f"repeat.again#{i}", "iteration") for i in (0, 1)] == [0, 1]
    assert at("repeat.again#1", "previous") == 0
    missing = problem_of(evaluate("item", execution=execution, step="large"))
    assert missing["reason"] == "VARIABLE_NOT_HERE"


def test_every_step_of_an_execution_can_be_asked(rest, evaluate, execution):
    steps = rest.ok("GET", f"/v1/{execution}/steps")["steps"]
    assert len(steps) >= 8
    for step in steps:
        key = "#".join(filter(None, (step["node"], step.get("iteration"))))
        assert evaluate("inputs.amount", execution=execution, step=key)["value"] == 30


@pytest.mark.parametrize("unit, offset", [("UTF8_BYTES", 9), ("UTF16_UNITS", 7), ("CODE_POINTS", 6)])
def test_places_are_told_in_the_unit_of_the_caller(check, workflow, unit, offset):
    answer = check("'😀' + imputs.note", workflow=workflow, place="nodes.total", offsetUnit=unit)
    problem = problem_of(answer)
    assert (problem["offset"], problem["length"]) == (offset, 6)
    assert (problem["line"], problem["column"]) == (1, offset + 1)
    assert (problem["reason"], problem["suggestion"]) == ("VARIABLE_UNKNOWN", "inputs")
    assert "valid" not in answer and "type" not in answer


def test_every_error_is_told_at_once(check, workflow):
    answer = check("imputs.a && nodes.nobody.output == 1 && item > 2 &&\n nodes.each.output == []",
                   workflow=workflow, place="nodes.large.with.when")
    assert [(p["reason"], p["line"]) for p in answer["problems"]] == [
        ("VARIABLE_UNKNOWN", 1), ("REFERENCE_UNKNOWN", 1), ("VARIABLE_NOT_HERE", 1),
        ("REFERENCE_MAY_BE_MISSING", 2)]


def test_an_evaluation_fails_at_its_place(evaluate, execution):
    problem = problem_of(evaluate("[1,\n  10 / int(inputs.amount - 30.0)]", execution=execution))
    assert (problem["reason"], problem["line"], problem["column"]) == ("EXPRESSION_FAILED", 2, 6)
    problem = problem_of(evaluate("nodes.refuse.output", execution=execution))
    assert (problem["offset"], problem["length"]) == (6, len("refuse"))


def test_completions_are_of_the_place(check, workflow, execution):
    at = lambda text, **where: labels(check(text, cursor=len(text), **where))  # noqa: E731
    draft = {"workflow": workflow, "place": "nodes.large.with.when"}
    assert at("inp", **draft) == ["inputs"]
    assert at("inputs.", **draft)[:3] == ["amount", "items", "note"]
    assert at("nodes.", **draft)[0] == "total"
    assert "each" not in at("nodes.", **draft), "it comes after"
    assert at("nodes.total.output.", **draft)[0] == "sum"
    assert "startsWith" in at("inputs.note.st", **draft)
    assert "price" in at("inputs.items.filter(i, i.", **draft)
    inside = {"workflow": workflow, "place": "nodes.each.nodes.price.with.value"}
    assert at("ite", **inside) == ["item"] and at("ite", **draft) == []
    assert "iteration" in at("it", workflow=workflow, place="nodes.repeat.with.until")
    assert "each" in at("nodes.", execution=execution)
    assert at("ite", execution=execution, step="each.price#0") == ["item"]
    answer = check("1 + inputs.no", cursor=13, **draft)["completions"]
    assert (answer["offset"], answer["length"]) == (11, 2)
    assert answer["items"][0] | {"documentation": ""} == {
        "kind": "FIELD", "label": "note", "insert": "note", "detail": "string, optional",
        "documentation": ""}
    functions = check("size", cursor=4, **draft)["completions"]["items"]
    assert any(f["detail"].startswith("size(") and f["documentation"] for f in functions)


def test_drafts_and_documents_answer_also_with_problems(check, rest):
    broken = SOURCE.replace("NAME", "expr-draft").replace(
        "{type: data.transform@1, with: {value: no}}", "{type: no.such@1}")
    name = rest.ok("POST", "/v1/workflows", {"source": broken})["name"]
    assert not rest.ok("POST", "/v1/workflows:validate", {"name": name}).get("valid")
    document = rest.ok("GET", f"/v1/{name}")["document"]
    for where in ({"workflow": name}, {"document": document}, {"source": json.dumps(document)}):
        answer = check("inputs.amount > 1.0", place="nodes.large.with.when", **where)
        assert (answer["valid"], answer["type"]) == (True, "bool"), answer
        names = [variable["name"] for variable in answer["variables"]]
        assert "inputs" in names and "nodes.total.output" in names
    status, problem = rest("POST", "/v1/expressions:check", {
        "expression": "1", "workflow": name, "version": 1})
    assert (status, problem["reason"]) == (404, "VERSION_NOT_FOUND")


def test_sample_data_follows_the_number_rule(evaluate):
    assert evaluate("a + 1", variables={"a": 2})["type"] == "int"
    answer = evaluate("a + 1.0", variables={"a": 2}, schemas={"a": {"type": "number"}})
    assert (answer["value"], answer["type"]) == (3, "double")
    assert problem_of(evaluate("a + 1.0", variables={"a": 2}))["reason"] == "EXPRESSION_FAILED"
    assert int(evaluate("[1, 2, 3].map(x, x * 2)")["cost"]) > 0


def test_limits_are_told(rest, evaluate):
    status, problem = rest("POST", "/v1/expressions:check", {"expression": "1" * 65_537})
    assert (status, problem["reason"]) == (400, "EXPRESSION_TOO_LARGE")
    items = list(range(1000))
    assert evaluate("l.filter(x, x > 990).size()", variables={"l": items})["value"] == 9
    for expression in ("l.all(x, l.all(y, x + y >= 0))", "l.map(x, l.map(y, l)).size()"):
        problem = problem_of(evaluate(expression, variables={"l": items}))
        assert problem["reason"] == "EXPRESSION_LIMIT", problem
    text = "x" * 700_000
    assert evaluate("t.size()", variables={"t": text})["value"] == len(text)
    assert problem_of(evaluate("t + t", variables={"t": text}))["reason"] == "EXPRESSION_LIMIT"
    deep = "[" * 40 + "1" + "]" * 40
    assert problem_of(evaluate(deep))["reason"] == "EXPRESSION_RESULT"


@pytest.mark.parametrize("body", [
    {}, {"expression": ""}, {"expression": "\u0000"}, {"expression": "(" * 400},
    {"expression": "'\ud83d"}, {"expression": "a\u202eb"}, {"expression": "1", "cursor": -1},
    {"expression": "1", "cursor": 2**31 - 1}, {"expression": "1", "offsetUnit": "INCHES"},
    {"expression": "1", "execution": "executions/xyz"}, {"expression": "1", "execution": "x"},
    {"expression": "1", "workflow": "workflows/../x"}, {"expression": "1", "version": -3},
    {"expression": "1", "schemas": {"": {}}}, {"expression": "1", "schemas": {"a": 7}},
    {"expression": "1", "schemas": {"a": {"$ref": "#/nowhere"}}},
    {"expression": "1", "document": {"nodes": 3, "edges": {"a": 1}}, "place": "nodes.a"},
    {"expression": "1", "document": {}, "place": "////"}, {"expression": "1", "source": "a: b: c"},
    {"expression": "1", "variables": {"a": [[[]]], "": 1}}, {"expression": "1", "step": "a#b#c"},
    {"expression": 7}, {"expression": "1", "unknown": True},
], ids=lambda body: json.dumps(body)[:40])
def test_bad_input_is_never_an_internal_error(rest, body):
    for verb in ("check", "evaluate"):
        # As ASCII, so that broken Unicode gets there as it is.
        response = rest.client.post(f"/v1/expressions:{verb}", content=json.dumps(body),
                                    headers={"Content-Type": "application/json"})
        assert response.status_code in (200, 400, 404), (verb, response.text)
        if response.status_code != 200:
            assert response.json()["reason"] and response.json()["detail"]


def test_steps_that_are_none_are_not_found(rest, execution):
    for step in ("nobody", "each.price#9", "each.price", "a#b#c", "total#0"):
        status, problem = rest("POST", "/v1/expressions:evaluate", {
            "expression": "1", "execution": execution, "step": step})
        assert (status, problem["reason"]) == (404, "STEP_UNKNOWN"), step


def test_another_tenant_learns_nothing(other_tenant, rest, workflow, execution):
    unknown = "executions/00000000-0000-4000-8000-000000000000"
    for verb in ("check", "evaluate"):
        def ask(**where):
            return other_tenant("POST", f"/v1/expressions:{verb}",
                                {"expression": "inputs.amount", **where})
        foreign, nothing = ask(execution=execution), ask(execution=unknown)
        assert foreign[0] == nothing[0] == 404
        assert foreign[1]["reason"] == nothing[1]["reason"] == "EXECUTION_NOT_FOUND"
        assert ask(execution=execution, step="large")[1]["reason"] == "EXECUTION_NOT_FOUND"
    for version in (0, 1):
        def look(name):
            return other_tenant("POST", "/v1/expressions:check", {
                "expression": "inputs.", "cursor": 7, "workflow": name, "version": version})
        foreign, nothing = look(workflow), look("workflows/no-such-thing")
        assert foreign[0] == nothing[0] == 404
        assert foreign[1]["reason"] == nothing[1]["reason"] == "WORKFLOW_NOT_FOUND"
    # What is its own it may check and try out.
    assert other_tenant.ok("POST", "/v1/expressions:evaluate", {"expression": "1 + 1"})["value"] == 2


def test_who_may_not_read_executions_may_not_evaluate_in_them(stack, rest, execution):
    worker = rest.ok("POST", "/v1/apiKeys", {"title": "expressions", "roles": ["worker"]})
    status, problem = Http(stack.url, worker["secret"])("POST", "/v1/expressions:evaluate", {
        "expression": "1", "execution": execution})
    assert (status, problem["reason"]) == (403, "PERMISSION_MISSING")
    viewer = rest.ok("POST", "/v1/apiKeys", {"title": "expressions", "roles": ["viewer"]})
    assert Http(stack.url, viewer["secret"]).ok("POST", "/v1/expressions:evaluate", {
        "expression": "inputs.amount", "execution": execution})["value"] == 30


def test_grpc_gives_the_same(call, api, execution, workflow, other_tenant):  # noqa: F811
    request = api("EvaluateExpressionRequest")(expression="nodes.total.output.sum",
                                               execution=execution, step="large")
    answer = call("ExpressionService/EvaluateExpression", request, "EvaluateExpressionResponse")
    assert (answer.value.number_value, answer.type) == (60, "double")
    request = api("CheckExpressionRequest")(expression="nodes.t", cursor=7, workflow=workflow,
                                            place="nodes.large")
    answer = call("ExpressionService/CheckExpression", request, "CheckExpressionResponse")
    assert answer.completions.items[0].label == "total"
    token = other_tenant.client.headers["Authorization"].removeprefix("Bearer ")
    with pytest.raises(grpc.RpcError) as caught:
        call("ExpressionService/EvaluateExpression",
             api("EvaluateExpressionRequest")(expression="1", execution=execution),
             "EvaluateExpressionResponse", key=token)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_sdk_counts_as_python_does(client, workflow, execution):
    text = "'😀' + imputs.note"
    problem = client.expressions.check(text, workflow=workflow, place="nodes.total").problems[0]
    assert text[problem.offset:problem.offset + problem.length] == "imputs"
    assert client.expressions.check("", cursor=0).completions.items
    assert client.expressions.evaluate("a * 2", {"a": 21}).value == 42
    answer = client.expressions.evaluate("item.price", execution=execution, step="each.price#1")
    assert (answer.value, answer.type) == (4.5, "double")


def test_the_command_line_evaluates_on_the_platform(cli, execution):
    done = cli("cel", "nodes.total.output.sum", "--execution", execution)
    assert (done.returncode, done.stdout) == (0, "60\n"), done.stderr
    done = cli("cel", "item", "--execution", execution.removeprefix("executions/"),
               "--step", "each.price#0", "--json")
    answer = json.loads(done.stdout)
    assert (answer["value"], answer["type"]) == ({"price": 2}, "map") and answer["cost"] >= 0
    done = cli("cel", "1 +\n imputs", "--execution", execution)
    assert done.returncode == 1 and "2:2: There is no variable `imputs`" in done.stderr
    done = cli("cel", "imputs", "--execution", execution, "--json")
    assert json.loads(done.stdout)["error"] | {"message": ""} == {
        "reason": "VARIABLE_UNKNOWN", "message": "", "line": "1", "column": "1"}
    assert cli("cel", "1", "--execution", execution, "--step", "nobody").returncode == 1
    assert cli("cel", "1", "--step", "total").returncode == 2
    assert cli("cel", "a", "--execution", execution, "--vars", "{}").returncode == 2
