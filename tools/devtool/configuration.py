"""Writes each service's configuration file for a stack."""

import json
from pathlib import Path


def write(stack, service: str, path: Path) -> None:
    """JSON is YAML, so the file needs no YAML library."""
    settings = {**_common(stack, service), **_OWN.get(service, _nothing)(stack),
                **stack.overrides.get(service, {})}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(_nested(settings), indent=1))


def _nested(flat: dict) -> dict:
    """{"tls.ca": x} -> {"tls": {"ca": x}}"""
    tree: dict = {}
    for key, value in flat.items():
        *groups, last = key.split(".")
        at = tree
        for group in groups:
            at = at.setdefault(group, {})
        at[last] = value
    return tree


def _common(stack, service: str) -> dict:
    certificates = stack.state / "certificates"
    settings = {
        "tls.ca": str(certificates / "ca.pem"),
        "tls.cert": str(certificates / f"{service}.pem"),
        "tls.key": str(certificates / f"{service}.key"),
        "context_keys": str(certificates / "context.pub"),
        "log.format": "json", "log.level": "info",
    }
    if service != "gateway":
        settings |= {
            "listen": f"127.0.0.1:{stack.ports[service]}",
            "admin_listen": f"127.0.0.1:{stack.ports[service + '_admin']}",
            "database.url": _role_url(stack, f"{service}_app"),
            "database.owner_url": _role_url(stack, f"{service}_owner"),
        }
    for peer in _PEERS[service]:
        settings[f"peers.{peer}"] = f"127.0.0.1:{stack.ports[peer]}"
    return settings


_PEERS = {
    "gateway": ["tenant", "designer", "executor", "scheduler", "coordinator", "monitor"],
    "tenant": [],
    "designer": ["tenant"],
    "executor": ["tenant", "designer"],
    "scheduler": ["tenant", "designer", "executor"],
    "coordinator": ["tenant", "executor"],
    "monitor": ["executor"],
}


def _role_url(stack, role: str) -> str:
    return stack.postgres.url(role, stack.secrets[role])


def _nothing(stack) -> dict:
    return {}


def _gateway(stack) -> dict:
    from .paths import CANVAS
    return {
        "http_listen": f"127.0.0.1:{stack.ports['gateway']}",
        "listen": f"127.0.0.1:{stack.ports['gateway_grpc']}",
        "context_signing_key": str(stack.state / "certificates" / "context.key"),
        "canvas.dir": str(CANVAS / "dist"),
        "redis.url": stack.redis.url(),
    }


def _tenant(stack) -> dict:
    """One tenant has the whole machine: its rates are those of a benchmark."""
    return {"quota.requests_per_second": 100_000, "quota.request_burst": 200_000,
            "quota.starts_per_second": 100_000}


def _executor(stack) -> dict:
    return {
        "database.engine_url": _role_url(stack, "executor_engine"),
        "redis.url": stack.redis.url(),
        "task_token_key": stack.secrets["task_token_key"],
    }


def _coordinator(stack) -> dict:
    return {"redis.url": stack.redis.url()}


_OWN = {"gateway": _gateway, "tenant": _tenant, "executor": _executor,
        "coordinator": _coordinator}
