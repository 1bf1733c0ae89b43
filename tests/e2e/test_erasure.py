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
  sign: {type: flow.approval@1, with: {title: "=inputs.secret", description: "=inputs.secret"}}
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


SECRET = "what nobody may read afterwards"


def tenant_key(stack, tenant: str) -> str:
    return stack.postgres.sql("-c", "SELECT encode(sealed, 'hex') FROM executor.tenant_key "
                                    f"WHERE tenant_id = '{tenant}'")


def holds_secret(stack) -> list[str]:
    """Columns of the executor's tables in which the text is to be read."""
    columns = stack.postgres.sql("-c", """
SELECT string_agg(format('SELECT ''%s.%s'' WHERE EXISTS (SELECT FROM %s WHERE position(''TEXT''::bytea
  IN %s) > 0)', a.attrelid::regclass, a.attname, a.attrelid::regclass,
  CASE a.atttypid WHEN 'bytea'::regtype THEN quote_ident(a.attname)
  ELSE format('convert_to(%I::text, ''UTF8'')', a.attname) END), ' UNION ALL ')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'executor'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped""")
    return stack.postgres.sql("-c", columns.replace("TEXT", SECRET)).split()


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
    its.ok("POST", "/v1/workflows/waiting:start", {"requestId": "one",
                                                         "input": {"secret": SECRET}})
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
    assert holds_secret(stack) == []
    approval = staying.ok("GET", "/v1/approvals")["approvals"][0]
    assert approval["title"] == approval["description"] == SECRET
    key = tenant_key(stack, "leaving")
    assert key and key != tenant_key(stack, "staying")
    assert its("DELETE", "/v1/tenants/staying")[1]["reason"] == "PERMISSION_MISSING"

    done = cli("delete", "tenants", "leaving")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: its("GET", "/v1/workflows")[0] == 401, seconds=5)
    status, tenant = rest("GET", "/v1/tenants/leaving")
    assert status == 404 or tenant["state"] == "DELETING"
    # Its key goes while its rows are there still.
    wait_until(lambda: tenant_key(stack, "leaving") == "")
    assert "executor" in services_of(stack, "leaving")
    wait_until(lambda: rest("GET", "/v1/tenants/leaving")[0] == 404)
    assert tenant_key(stack, "staying")
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
