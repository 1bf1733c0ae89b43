"""data.sql: a statement in the user's own database, exactly once."""

import os
import subprocess
import sys
import threading

import agentflow
import psycopg
import pytest
from agentflow import sql
from conftest import jsonable, publish
from devtool import example
from devtool.process import Process

SOURCE = """
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: NAME}
inputs: {type: object, properties: {item: {type: string}}}
nodes:
  book:
    type: data.sql@1
    with:
      connection: shop
      statement: |
        INSERT INTO booking (item, details) VALUES (%(item)s, %(details)s)
        RETURNING id, item, booked::text LIKE '2%%' AS booked
      parameters: {item: =inputs.item, details: {by: =execution.id}}
    policy: {retry: {maxAttempts: 5, backoff: fixed, initial: 100ms}}
edges: [start -> book]
outputs: {rows: =nodes.book.output.rows, count: =nodes.book.output.count}
"""


@pytest.fixture(scope="module")
def shop(stack):
    """The user's database; a role that may only use it."""
    stack.postgres.sql("-c", "CREATE DATABASE shop", database="postgres")
    stack.postgres.sql("-c", "CREATE TABLE booking (id serial PRIMARY KEY, item text NOT NULL "
                             "CHECK (item <> 'bad'), details jsonb, booked timestamptz "
                             "NOT NULL DEFAULT now())", database="shop")
    return stack.postgres.url(database="shop")


@pytest.fixture
def connector(stack, shop):
    process = Process(stack.state, "sql-connector")

    process.start([sys.executable, "-m", "agentflow.sql", "shop=$SHOP_DSN"],
                  env={**example.environment(stack), "SHOP_DSN": shop})
    yield process
    process.stop()


def bookings(shop, item):
    with psycopg.connect(shop) as connection:
        return connection.execute("SELECT count(*) FROM booking WHERE item = %s",
                                  (item,)).fetchone()[0]


def test_a_statement_runs_and_gives_its_rows(client, connector, shop):
    output = client.executions.run(publish(client, SOURCE), {"item": "chair"}, timeout_s=40)
    assert output["count"] == 1
    assert output["rows"][0]["item"] == "chair" and output["rows"][0]["booked"] is True
    assert bookings(shop, "chair") == 1


def test_a_refused_statement_fails_the_step_without_retry(client, connector, shop):
    execution = client.executions.start(publish(client, SOURCE), {"item": "bad"})
    done = client.executions.wait(execution.name, timeout_s=40, check=False)
    assert (done.state, done.error.reason) == ("FAILED", "SQL_23514")
    assert bookings(shop, "bad") == 0


def test_a_database_that_cannot_be_reached_is_named_in_a_line(stack):
    done = subprocess.run([sys.executable, "-m", "agentflow.sql",
                           "shop=postgresql://nobody@127.0.0.1:1/none"],
                          env={**os.environ, **example.environment(stack)},
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("shop: "), done.stderr
    assert "Traceback" not in done.stderr


class Forgetful(sql.Connector):
    """Commits, and then the first result is lost on its way."""
    losses = 1

    def _run(self, request, task):
        result = super()._run(request, task)
        if Forgetful.losses:
            Forgetful.losses -= 1
            raise ConnectionError("the result was lost")
        return result


def test_an_attempt_after_a_lost_result_repeats_nothing(stack, client, shop):
    made = stack.credentials()
    worker = agentflow.Worker(made["url"], made["grpc"], made["api_key"])
    Forgetful(worker, "forgetful", shop)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    source = SOURCE.replace("connection: shop", "connection: forgetful")
    execution = client.executions.start(publish(client, source), {"item": "table"})
    done = client.executions.wait(execution.name, timeout_s=60)
    worker.stop()
    thread.join(20)
    step = client.executions.list_steps(parent=execution.name).steps[0]
    assert (step.attempt, step.failures[0].error.reason) == (2, "AGENT_EXCEPTION")
    assert jsonable(done.output["count"]) == "1" and bookings(shop, "table") == 1
