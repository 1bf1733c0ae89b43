"""Writes each service's configuration file for a stack."""

import base64
import json
from pathlib import Path

from . import paths


def write(stack, instance: str, path: Path) -> bool:
    """Gives whether that changed the file. JSON is YAML, so it needs no YAML library."""
    service = paths.service_of(instance)
    settings = {**_common(stack, service, instance), **_OWN.get(service, _nothing)(stack, instance),
                **stack.overrides.get(service, {})}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    text = json.dumps(_nested(settings), indent=1)
    changed = path.read_text() != text
    if changed:
        path.write_text(text)
    return changed


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


def _common(stack, service: str, instance: str) -> dict:
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
            "listen": f"127.0.0.1:{stack.ports[instance]}",
            "admin_listen": f"127.0.0.1:{stack.ports[instance + '_admin']}",
            "database.url": _role_url(stack, instance, f"{service}_app"),
            "database.owner_url": _role_url(stack, instance, f"{service}_owner"),
        }
    for peer in _PEERS[service]:
        settings[f"peers.{peer}"] = ",".join(
            f"127.0.0.1:{stack.port_seen_by(instance, name)}" for name in stack.instances(peer))
    return settings


_PEERS = {
    "gateway": ["tenant", "designer", "executor", "scheduler", "coordinator", "monitor"],
    "tenant": [],
    "designer": ["tenant", "executor"],
    "executor": ["tenant", "designer"],
    "scheduler": ["tenant", "designer", "executor"],
    "coordinator": ["tenant", "executor"],
    "monitor": ["tenant", "executor"],
}


def _role_url(stack, instance: str, role: str) -> str:
    return stack.postgres.url(role, stack.secrets[role],
                              port=stack.port_seen_by(instance, "postgres"))


def _redis_url(stack, instance: str) -> str:
    return stack.redis.url(port=stack.port_seen_by(instance, "redis"))


def _nothing(stack, instance: str) -> dict:
    return {}


def _gateway(stack, instance: str) -> dict:
    return {
        "http_listen": f"127.0.0.1:{stack.ports[instance]}",
        "listen": f"127.0.0.1:{stack.ports[instance + '_grpc']}",
        "context_signing_key": str(stack.state / "certificates" / "context.key"),
        "canvas.dir": str(paths.CANVAS / "dist"),
        "redis.url": _redis_url(stack, instance),
    }


def _tenant(stack, instance: str) -> dict:
    """One tenant has the whole machine: its rates are those of a benchmark."""
    return {"quota.requests_per_second": 100_000, "quota.request_burst": 200_000,
            "quota.starts_per_second": 100_000, "erasure.delay": "1s"}


def _executor(stack, instance: str) -> dict:
    return {
        "address": f"127.0.0.1:{stack.port_seen_by('anyone', instance)}",
        "database.engine_url": _role_url(stack, instance, "executor_engine"),
        "redis.url": _redis_url(stack, instance),
        "task_token_key": stack.secrets["task_token_key"],
        "encryption.keys": master_keys(stack),
    }


def master_keys(stack) -> str:
    """One for each installation; without it nobody reads its executions."""
    return "main=" + base64.b64encode(bytes.fromhex(stack.secrets["data_key"])).decode()


def _coordinator(stack, instance: str) -> dict:
    return {"redis.url": _redis_url(stack, instance)}


_OWN = {"gateway": _gateway, "tenant": _tenant, "executor": _executor,
        "coordinator": _coordinator}
