"""A tenant is deleted: its credentials end at once, then nothing of it is left anywhere."""

import time

from conftest import Http

PASSWORD = "correct horse battery"
WAITING = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: waiting}
nodes:
  wait: {type: flow.wait@1, with: {duration: 1h}}
  sign: {type: flow.approval@1, with: {title: Sign}}
edges: [start -> wait, start -> sign]
"""
# Every table of every service that has rows of the tenant.
TABLES = """
SELECT name FROM (
  SELECT c.oid::regclass::text AS name, (xpath('/row/n/text()', query_to_xml(format(
    'SELECT count(*) AS n FROM %s WHERE tenant_id = ''TENANT''', c.oid::regclass),
    false, true, '')))[1]::text::int AS n
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relnamespace::regnamespace::text IN
        ('tenant', 'designer', 'executor', 'scheduler', 'coordinator', 'monitor')) AS t
WHERE n > 0 ORDER BY 1"""


def services_of(stack, tenant: str) -> set[str]:
    """The services that hold something of it."""
    tables = stack.postgres.sql("-c", TABLES.replace("TENANT", tenant)).split()
    return {table.split(".")[0] for table in tables}


def inhabit(stack, rest, tenant: str) -> Http:
    """A tenant that has something in the services."""
    rest.ok("POST", "/v1/tenants", {"tenantId": tenant, "adminEmail": f"admin@{tenant}.test",
                                    "adminPassword": PASSWORD})
    tokens = Http(stack.url, None).ok("POST", "/v1/auth/login", {
        "email": f"admin@{tenant}.test", "password": PASSWORD, "tenant": tenant})
    its = Http(stack.url, tokens["accessToken"])
    its.ok("POST", "/v1/workflows?workflowId=waiting", {"source": WAITING})
    its.ok("POST", "/v1/workflows/waiting:publish", {})
    its.ok("POST", "/v1/workflows/waiting:start", {"requestId": "one"})
    its.ok("POST", "/v1/schedules?scheduleId=yearly", {
        "workflow": "workflows/waiting", "cron": "0 0 1 1 *"})
    return its


def wait_until(condition, seconds: float = 120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.2)


def test_a_deleted_tenant_is_gone_from_every_service(stack, rest, cli):
    its = inhabit(stack, rest, "leaving")
    staying = inhabit(stack, rest, "staying")
    services = {"tenant", "designer", "executor", "scheduler", "monitor"}
    for tenant in ("leaving", "staying"):
        wait_until(lambda tenant=tenant: services_of(stack, tenant) >= services)
    assert its("DELETE", "/v1/tenants/staying")[1]["reason"] == "PERMISSION_MISSING"

    done = cli("delete", "tenants", "leaving")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: its("GET", "/v1/workflows")[0] == 401, seconds=5)
    status, tenant = rest("GET", "/v1/tenants/leaving")
    assert status == 404 or tenant["state"] == "DELETING"
    wait_until(lambda: rest("GET", "/v1/tenants/leaving")[0] == 404)
    assert services_of(stack, "leaving") == set()
    assert services_of(stack, "staying") >= services
    assert staying.ok("GET", "/v1/executions")["executions"][0]["state"] == "WAITING"
    events = rest.ok("GET", "/v1/auditEvents",
                     params={"filter": 'resource = "tenants/leaving"'})["auditEvents"]
    assert any(event["method"].endswith("DeleteTenant") for event in events), events
    rest.ok("DELETE", "/v1/tenants/staying")


def test_nobody_deletes_the_tenant_that_he_belongs_to(rest):
    own = rest.ok("GET", "/v1/auth/me")["tenant"].removeprefix("tenants/")
    status, problem = rest("DELETE", f"/v1/tenants/{own}")
    assert (status, problem["reason"]) == (400, "TENANT_OWN"), problem
