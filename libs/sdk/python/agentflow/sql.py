"""Serves nodes of the type data.sql@1 from a PostgreSQL of yours, each step exactly once.

    python -m agentflow.sql shop=postgresql://user:secret@host/shop

The effect of a statement and the note that the step was done, with its result, are committed in
one transaction of that database: a repeated attempt finds the note and gives the same result
without running the statement again. The notes are in the table `agentflow_done`, which is made
where it is missing; rows older than your longest execution may be deleted.

Needs the extra `sql`: pip install agentflow[sql]. The credentials stay with this process.
"""

import argparse
import datetime
import decimal
import os
import sys
import uuid

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from .errors import TaskError
from .worker import Task, Worker

_TABLE = """
CREATE TABLE IF NOT EXISTS agentflow_done (
  idempotency_key text PRIMARY KEY,
  result          jsonb,
  done_time       timestamptz NOT NULL DEFAULT now()
)"""
# SQLSTATE classes that another attempt may get over: connection, resources, operator, conflicts.
_PASSING = ("08", "40", "53", "55", "57", "58")
MAX_ROWS = 10_000


class Connector:
    """One database under the name that data.sql nodes call their `connection`."""

    def __init__(self, worker: Worker, name: str, dsn: str):
        self._dsn = dsn
        with psycopg.connect(dsn) as connection:
            connection.execute(_TABLE)
        worker.agent(f"sql-{name}", title=f"SQL {name}")(self._run)

    def _run(self, request: dict, task: Task) -> dict:
        """Runs one SQL statement, exactly once for each step."""
        try:
            with psycopg.connect(self._dsn, row_factory=dict_row) as connection:
                return self._once(connection, request, task.idempotency_key)
        except psycopg.Error as error:
            state = error.sqlstate or "08000"
            raise TaskError(f"SQL_{state}", str(error).strip() or type(error).__name__,
                            retryable=state[:2] in _PASSING) from error

    @staticmethod
    def _once(connection, request: dict, key: str) -> dict:
        # Waits for another attempt's transaction that is still open.
        new = connection.execute(
            "INSERT INTO agentflow_done (idempotency_key) VALUES (%s) ON CONFLICT DO NOTHING",
            (key,)).rowcount
        if not new:
            return connection.execute(
                "SELECT result FROM agentflow_done WHERE idempotency_key = %s",
                (key,)).fetchone()["result"]
        cursor = connection.execute(request["statement"], _parameters(request))
        rows = cursor.fetchmany(MAX_ROWS + 1) if cursor.description else []
        if len(rows) > MAX_ROWS:
            raise TaskError("TOO_MANY_ROWS", f"more than {MAX_ROWS} rows; add a LIMIT",
                            retryable=False)
        result = {"rows": [_plain(row) for row in rows], "count": max(cursor.rowcount, 0)}
        connection.execute("UPDATE agentflow_done SET result = %s WHERE idempotency_key = %s",
                           (Jsonb(result), key))
        return result


def _parameters(request: dict) -> dict:
    return {name: Jsonb(value) if isinstance(value, (dict, list)) else value
            for name, value in (request.get("parameters") or {}).items()}


def _plain(value):
    """As JSON says it: times as RFC 3339, decimals and ids as text, bytes as hexadecimal."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, datetime.timedelta)):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return value


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m agentflow.sql", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("databases", nargs="+", metavar="NAME=DSN",
                        help="DSN may be a variable: shop=$SHOP_DSN")
    parser.add_argument("--capacity", type=int, default=8)
    options = parser.parse_args()
    worker = Worker(capacity=options.capacity)
    for text in options.databases:
        name, _, dsn = text.partition("=")
        if not dsn:
            sys.exit(f"{text}: write NAME=DSN")
        try:
            Connector(worker, name, os.path.expandvars(dsn))
        except psycopg.Error as error:
            sys.exit(f"{name}: {str(error).strip()}")
    worker.run()


if __name__ == "__main__":
    main()
