"""Between the dataclasses of _api.py and the JSON of the wire (ProtoJSON, lowerCamelCase)."""

from __future__ import annotations

import base64
import dataclasses
import re
import sys
import types
import typing
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

_EMPTY = (None, "", 0, 0.0, False, b"", [], {})


class Message:
    """Base of every type of the API."""

    @classmethod
    def from_json(cls, data: dict[str, Any]):
        """Fields this version does not know are ignored, so that old clients keep working."""
        names = _fields(cls)
        values = {}
        for key, value in data.items():
            if key in names and value is not None:
                name, kind = names[key]
                values[name] = decode(kind, value)
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Without fields that hold their default."""
        return {camel(f.name): encode(getattr(self, f.name)) for f in dataclasses.fields(self)
                if not _is_empty(getattr(self, f.name))}


def _is_empty(value: Any) -> bool:
    return any(type(value) is type(empty) and value == empty for empty in _EMPTY)


@cache
def _fields(cls) -> dict[str, tuple[str, Any]]:
    hints = typing.get_type_hints(cls, vars(sys.modules[cls.__module__]))
    return {camel(f.name): (f.name, hints[f.name]) for f in dataclasses.fields(cls)}


@cache
def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def encode(value: Any) -> Any:
    """A Python value as JSON."""
    if isinstance(value, Message):
        return value.to_json()
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.astimezone()
        return aware.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.9f}".rstrip("0").rstrip(".") + "s"
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    return value


def decode(kind: Any, value: Any) -> Any:
    """JSON as the Python type that a field declares."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return decode(next(a for a in typing.get_args(kind) if a is not type(None)), value)
    if origin is list:
        return [decode(typing.get_args(kind)[0], item) for item in value]
    if origin is dict:
        return {key: decode(typing.get_args(kind)[1], item) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, Message):
        return kind.from_json(value)
    if kind is datetime:
        return _time(value)
    if kind is timedelta:
        return timedelta(seconds=float(value.removesuffix("s")))
    if kind is bytes:
        return base64.b64decode(value)
    if kind is int:
        return int(value)  # int64 travels as text
    return value


def _time(text: str) -> datetime:
    """RFC 3339; digits beyond microseconds are dropped."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))


def plain_number(value: Any) -> Any:
    """The number rule of the platform: integral and at most 2^53 is an int, all else a float."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    if isinstance(value, list):
        return [plain_number(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_number(item) for key, item in value.items()}
    return value
