"""Where the platform is and how to sign in: arguments, then environment, then a file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    url: str   # of the gateway; of several, separated by commas
    grpc: str
    api_key: str


def load(url: str | None, grpc: str | None, api_key: str | None) -> Settings:
    """Each value from the argument, else AGENTFLOW_URL / AGENTFLOW_GRPC / AGENTFLOW_API_KEY, else
    the nearest .agentflow/credentials.json at or above the current folder."""
    file = _credentials_file()
    stored = json.loads(file.read_text()) if file else {}
    found_url = url or os.environ.get("AGENTFLOW_URL") or stored.get("url")
    key = api_key or os.environ.get("AGENTFLOW_API_KEY") or stored.get("api_key")
    if not found_url or not key:
        raise ValueError("where is AgentFlow? Pass url and api_key, or set AGENTFLOW_URL and "
                         "AGENTFLOW_API_KEY, or run below a folder with "
                         ".agentflow/credentials.json")
    target = grpc or os.environ.get("AGENTFLOW_GRPC") or stored.get("grpc") or "127.0.0.1:8081"
    urls = ",".join(each.strip().rstrip("/") for each in found_url.split(","))
    return Settings(urls, target, key)


def _credentials_file() -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / ".agentflow" / "credentials.json"
        if file.is_file():
            return file
    return None
