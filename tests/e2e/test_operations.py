"""What operators see: health, metrics, logs with trace ids, audit, stats, schedules."""

import json
import time
import urllib.request

import pytest
from conftest import publish
from devtool import paths
from test_executions import CHAIN, agent_workflow


def scrape(stack, service: str, path: str) -> str:
    port = stack.ports["gateway" if service == "gateway" else f"{service}_admin"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("service", paths.SERVICES)
def test_every_service_has_health_and_metrics(stack, service):
    assert scrape(stack, service, "/healthz") is not None
    assert scrape(stack, service, "/readyz") is not None
    assert "# HELP agentflow_" in scrape(stack, service, "/metrics")


def test_a_trace_goes_through_rest_task_and_logs(stack, client, rest, workers):
    seen = []

    def traced(input, task):
        seen.append(task.traceparent)
        return 1

    workers.start(traced=traced)
    name = agent_workflow(client, "traced")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    started = rest.ok("POST", f"/v1/{name}:start", {"input": {}},
                      headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    ended = client.executions.wait(started["name"])
    assert ended.trace_id == trace
    assert seen and seen[0].split("-")[1] == trace


def test_logs_are_json_lines_without_secrets(stack, client):
    client.executions.run(publish(client, CHAIN), {"n": 1})
    secrets = [stack.credentials()["api_key"], stack.credentials()["password"],
               *stack.secrets.values()]
    for service in paths.SERVICES:
        text = stack.services[service].log.read_text()
        for line in text.splitlines():
            assert json.loads(line)["service"] == service
        assert not [secret for secret in secrets if secret in text], service


def test_changes_are_audited_and_chained(rest):
    draft = rest.ok("POST", "/v1/workflows?workflowId=audited", {
        "source": CHAIN.replace("NAME", "audited")})
    deadline = time.monotonic() + 15
    while True:
        events = rest.ok("GET", "/v1/auditEvents",
                         params={"filter": f'resource = "{draft["name"]}"'}).get("auditEvents", [])
        if events:
            break
        assert time.monotonic() < deadline, "the change never reached the audit trail"
        time.sleep(0.1)
    assert events[0]["method"].endswith("WorkflowService.CreateWorkflow")
    assert events[0]["principal"].startswith("apiKeys/") and len(events[0]["hash"]) == 64


def test_stats_count_executions_and_durations(client):
    name = publish(client, CHAIN)
    for n in range(3):
        client.executions.run(name, {"n": n})
    deadline = time.monotonic() + 15
    while True:
        stats = client.stats.list_workflow_stats(workflow=name).workflow_stats
        if stats and stats[0].executions_by_state.get("COMPLETED") == 3:
            break
        assert time.monotonic() < deadline, stats
        time.sleep(0.1)
    assert stats[0].steps_by_state["COMPLETED"] == 12
    assert 0 <= stats[0].duration_p50.total_seconds() < 60


def test_a_schedule_fires_once_per_minute_over_a_restart(stack, client, rest):
    name = publish(client, CHAIN)
    rest.ok("POST", "/v1/schedules?scheduleId=minutely",
            {"workflow": name, "cron": "* * * * *", "timeZone": "Europe/Berlin",
             "input": {"n": 5}})
    stack.services["scheduler"].kill()
    stack.start_service("scheduler")
    stack.wait_ready()
    deadline = time.monotonic() + 75
    while not (fired := client.schedules.get_schedule(name="minutely")).last_execution:
        assert time.monotonic() < deadline, fired
        time.sleep(0.2)
    client.schedules.delete_schedule(name="minutely")
    assert client.executions.wait(fired.last_execution).output["sum"] == 16
    started = list(client.executions.iterate_executions(filter=f'workflow = "{name}"'))
    assert len(started) == 1 and started[0].labels["schedule"] == "minutely"


def test_a_bad_schedule_names_what_is_wrong(rest, client):
    name = publish(client, CHAIN)
    good = {"workflow": name, "cron": "0 9 * * MON-FRI"}
    for change, reason in [({"cron": "61 * * * *"}, "CRON_INVALID"),
                           ({"timeZone": "Mars/Olympus"}, "TIME_ZONE_UNKNOWN"),
                           ({"workflow": "workflows/none"}, "WORKFLOW_NOT_FOUND")]:
        status, problem = rest("POST", "/v1/schedules?scheduleId=wrong", good | change)
        assert status in (400, 404) and problem["reason"] == reason, problem
