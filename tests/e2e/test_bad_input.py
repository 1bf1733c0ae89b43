"""Bad input gets a clear answer: status, reason and a message that says where and what to do."""

import re
import time

import pytest
from conftest import Http, publish

HEAD = "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: bad}\n"
GOOD = HEAD + """nodes:
  a: {type: data.transform@1, with: {value: 1}}
edges: [start -> a]
"""


@pytest.mark.parametrize("source, reason, node, says", [
    (HEAD + "nodes: {a: {type: data.transform@1, with: {value: 1}, wiht: 2}}\nedges: [start -> a]",
     "UNKNOWN_FIELD", "a", "wiht"),
    (HEAD + "nodes: {a: {type: flow.wait@1, with: {duration: 5}}}\nedges: [start -> a]",
     None, "a", "duration"),
    (HEAD + "nodes: {a: {type: data.transform@1, with: {value: 1}},"
            " b: {type: data.transform@1, with: {value: 1}}}\n"
            "edges: [start -> a, a -> b, b -> a]", "CYCLE", None, "a"),
    (HEAD + "nodes: {a: {type: data.transform@1, with: {value: 1}}}\nedges: [start -> a, a -> gone]",
     "EDGE_DANGLING", None, "gone"),
    (HEAD + "nodes: {a: {type: data.transform@1, with: {value: 1}},"
            " b: {type: data.transform@1, with: {value: 1}}}\nedges: [start -> a]",
     "NODE_UNREACHABLE", "b", "start"),
    (HEAD + "nodes: {a: {type: data.transform@1, with: {value: '=1 +'}}}\nedges: [start -> a]",
     "EXPRESSION_INVALID", "a", ""),
    (HEAD + "nodes: {a: {type: data.transform@1, with: {value: '=imputs.x'}}}\nedges: [start -> a]",
     "VARIABLE_UNKNOWN", "a", "inputs"),
    (HEAD + """nodes:
  choose: {type: flow.if@1, with: {when: "1 == 1"}}
  yes: {type: data.transform@1, with: {value: 1}}
  end: {type: data.transform@1, join: any, with: {value: "=nodes.yes.output"}}
edges: [start -> choose, choose.true -> yes, yes -> end, choose.false -> end]
""", "REFERENCE_MAY_BE_MISSING", "end", "yes"),
    (HEAD + "nodes: {a: {type: flow.teleport@1}}\nedges: [start -> a]",
     "NODE_TYPE_UNKNOWN", "a", "flow.teleport"),
    (GOOD.replace("name: bad", "name: bad, retention: 2d"), "FIELD_INVALID", None, "90d"),
])
def test_a_problem_names_node_field_and_line(rest, source, reason, node, says):
    answer = rest.ok("POST", "/v1/workflows:validate", {"source": source})
    assert not answer.get("valid")
    problems = [p for p in answer["problems"] if p["severity"] == "ERROR"]
    found = [p for p in problems if reason in (None, p["reason"])
             and (node is None or p.get("node") == node)]
    assert found, problems
    assert found[0]["field"].startswith("/") and found[0]["line"] >= 1, found[0]
    assert says in found[0]["message"], found[0]


@pytest.mark.parametrize("source, reason", [
    ("a: [1", "YAML_MALFORMED"), ("{\"a\": ", None), ("a: 1\na: 2", "DUPLICATE_KEY"),
    ("- 1\n- 2", None), ("a: &x 1\nb: {<<: *x}", "YAML_MERGE_KEY"),
    ("a: " + "[" * 40 + "]" * 40, "TEXT_TOO_DEEP"),
])
def test_text_that_is_no_document_is_refused_with_its_place(rest, source, reason):
    status, problem = rest("POST", "/v1/workflows", {"source": source})
    assert status == 400
    assert reason is None or problem["reason"] == reason, problem


def test_a_draft_may_hold_problems_but_is_not_published(rest):
    draft = rest.ok("POST", "/v1/workflows?workflowId=holed", {
        "source": HEAD.replace("bad", "holed") + "nodes: {a: {type: data.transform@1}}\nedges: []"})
    status, problem = rest("POST", f"/v1/{draft['name']}:publish", {})
    assert (status, problem["reason"]) == (400, "WORKFLOW_INVALID"), problem
    status, problem = rest("POST", f"/v1/{draft['name']}:start", {})
    assert (status, problem["reason"]) in ((400, "WORKFLOW_NOT_PUBLISHED"),
                                           (404, "WORKFLOW_NOT_PUBLISHED")), problem


def test_a_stale_etag_is_refused(rest):
    draft = rest.ok("POST", "/v1/workflows?workflowId=stale", {
        "source": GOOD.replace("bad", "stale")})
    rest.ok("PATCH", f"/v1/{draft['name']}", {"title": "One", "etag": draft["etag"]})
    status, problem = rest("PATCH", f"/v1/{draft['name']}", {"title": "Two", "etag": draft["etag"]})
    assert (status, problem["reason"]) == (409, "ETAG_MISMATCH")
    assert rest.ok("GET", f"/v1/{draft['name']}")["title"] == "One"


@pytest.mark.parametrize("content, status, reason", [
    ("{", 400, "JSON_MALFORMED"),
    ('{"source": 5}', 400, "FIELD_INVALID"),
    ('{"sauce": "x"}', 400, "FIELD_UNKNOWN"),
    ('{"document": ' + "[" * 40 + "]" * 40 + "}", 400, None),
    ('{"document": {"a": 1, "a": 2}}', 400, "JSON_DUPLICATE_KEY"),
    ('{"source": "' + "x" * (9 << 20) + '"}', 413, "MESSAGE_TOO_LARGE"),
    ('{"source": "' + "x" * (13 << 20) + '"}', 413, "BODY_TOO_LARGE"),
])
def test_a_bad_body_is_refused(rest, content, status, reason):
    response = rest.client.post("/v1/workflows", content=content,
                                headers={"content-type": "application/json"})
    problem = response.json()
    assert response.status_code == status, problem
    assert response.headers["content-type"].startswith("application/problem+json")
    assert reason is None or problem["reason"] == reason, problem
    assert problem["detail"]
    # A body that is refused while it arrives never becomes a request with an id.
    assert problem.get("requestId") or status == 413


@pytest.mark.parametrize("credential, reason", [
    (None, "CREDENTIALS_MISSING"), ("nonsense", "CREDENTIALS_INVALID"),
    ("af_" + "x" * 46, "CREDENTIALS_INVALID"), ("a.b.c", "CREDENTIALS_INVALID"),
])
def test_a_bad_credential_is_refused(stack, credential, reason):
    status, problem = Http(stack.url, credential)("GET", "/v1/workflows")
    assert (status, problem["reason"]) == (401, reason)


def test_a_missing_permission_is_named(stack, rest):
    key = rest.ok("POST", "/v1/apiKeys", {"title": "reader", "roles": ["viewer"]})["secret"]
    reader = Http(stack.url, key)
    reader.ok("GET", "/v1/workflows")
    status, problem = reader("POST", "/v1/workflows", {"source": GOOD})
    assert (status, problem["reason"]) == (403, "PERMISSION_MISSING")
    assert "workflows.create" in str(problem)


def test_a_revoked_key_ends_at_once(stack, rest):
    made = rest.ok("POST", "/v1/apiKeys", {"title": "short", "roles": ["viewer"]})
    reader = Http(stack.url, made["secret"])
    reader.ok("GET", "/v1/workflows")
    rest.ok("POST", f"/v1/{made['apiKey']['name']}:revoke", {})
    deadline = time.monotonic() + 2
    while (answer := reader("GET", "/v1/workflows"))[0] == 200:
        assert time.monotonic() < deadline, "still accepted after two seconds"
        time.sleep(0.05)
    assert answer[1]["reason"] == "KEY_REVOKED"


@pytest.mark.parametrize("path", ["/v1/workflows/none", "/v1/executions/none",
                                  "/v1/executions/00000000-0000-4000-8000-000000000000",
                                  "/v1/agents/none", "/v1/schedules/none", "/v1/users/none"])
def test_unknown_things_are_not_found(rest, path):
    status, problem = rest("GET", path)
    assert status in (400, 404) and problem["reason"].endswith(("_NOT_FOUND", "_INVALID")), problem


def test_wrong_login_is_one_answer(stack):
    nobody = Http(stack.url, None)
    made = stack.credentials()
    answers = [nobody("POST", "/v1/auth/login", {"email": email, "password": "wrong password"})
               for email in (made["email"], "nobody@example.com")]
    assert [(status, problem["reason"]) for status, problem in answers] == [
        (401, "CREDENTIALS_INVALID")] * 2
    assert answers[0][1]["detail"] == answers[1][1]["detail"]


def test_refresh_tokens_work_once(stack):
    nobody = Http(stack.url, None)
    made = stack.credentials()
    first = nobody.ok("POST", "/v1/auth/login", {"email": made["email"],
                                                 "password": made["password"]})
    second = nobody.ok("POST", "/v1/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert Http(stack.url, second["accessToken"]).ok("GET", "/v1/auth/me")["email"] == made["email"]
    status, problem = nobody("POST", "/v1/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert (status, problem["reason"]) == (401, "TOKEN_REUSED")
    status, problem = nobody("POST", "/v1/auth/refresh", {"refreshToken": second["refreshToken"]})
    assert status == 401, "a reused token ends the whole session"


def test_an_unknown_path_and_a_wrong_method_are_problems(rest):
    assert rest("GET", "/v1/nothing")[0] == 404
    assert rest("DELETE", "/v1/workflows")[0] == 405


def problems_of(rest, source):
    answer = rest.ok("POST", "/v1/workflows:validate", {"source": source})
    return [p for p in answer["problems"] if p["severity"] == "ERROR"]


def test_a_loop_has_to_say_when_it_ends(rest):
    problems = problems_of(rest, HEAD + """nodes:
  again: {type: flow.loop@1, with: {maxIterations: 5}, nodes:
    {a: {type: data.transform@1, with: {value: 1}}}, edges: [start -> a]}
edges: [start -> again]
""")
    assert problems and problems[0]["node"] == "again", problems
    assert "while" in problems[0]["message"] and "until" in problems[0]["message"], problems


def test_the_10001st_node_is_refused_with_the_way_out(rest):
    nodes = "".join(f"  n{i}: {{type: flow.noop@1}}\n" for i in range(10_001))
    problems = problems_of(rest, HEAD + "nodes:\n" + nodes + "edges: [start -> n0]\n")
    assert problems[0]["reason"] == "NODE_LIMIT" and problems[0]["field"] == "/nodes", problems[:1]
    assert "10000" in problems[0]["message"] and "workflow of its own" in problems[0]["message"]


def test_a_map_over_something_else_than_a_list_says_which_field(client):
    name = publish(client, """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {properties: {pages: {}}}
nodes:
  each: {type: flow.map@1, with: {items: =inputs.pages}, nodes:
    {a: {type: data.transform@1, with: {value: =item}}}, edges: [start -> a]}
edges: [start -> each]
""")
    ended = client.executions.wait(client.executions.start(name, {"pages": 7}).name, check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "EXPRESSION_FAILED")
    assert "nodes.each.with.items" in ended.error.message and "list" in ended.error.message


def test_too_large_an_input_is_refused_with_the_way_out(client, rest):
    name = publish(client, GOOD.replace("name: bad", "name: NAME"))
    status, problem = rest("POST", f"/v1/{name}:start", {"input": {"x": "x" * 300_000}})
    assert (status, problem["reason"]) == (400, "VALUE_TOO_LARGE"), problem
    assert problem["field"] == "input" and "by reference" in problem["detail"], problem
    assert "262144" in problem["detail"] and re.search(r"\b3000\d\d\b", problem["detail"]), problem


def test_too_large_an_output_fails_the_step_and_not_the_platform(client, workers, rest):
    # One that believes in another limit than the platform's, and so passes nothing by reference.
    workers.start(inline_bytes=1 << 20, verbose=lambda input: "x" * 400_000)
    name = publish(client, """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
nodes: {work: {type: ai.agent@1, with: {agent: verbose}, policy: {retry: {maxAttempts: 1}}}}
edges: [start -> work]
""")
    ended = client.executions.wait(client.executions.start(name).name, check=False)
    assert ended.state == "FAILED" and "262144" in ended.error.message, ended.error
