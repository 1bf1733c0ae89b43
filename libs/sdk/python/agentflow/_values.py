"""Between Python values and protobuf's Value and Struct, with the platform's number rule."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2

from ._codec import plain_number


def to_value(value: Any) -> struct_pb2.Value:
    """Raises TypeError for what JSON cannot hold."""
    message = struct_pb2.Value()
    if value is None:
        message.null_value = 0
    else:
        json_format.ParseDict(_plain(value), message)
    return message


def to_struct(value: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    json_format.ParseDict(_plain(value), message)
    return message


def from_value(message: struct_pb2.Value) -> Any:
    if message.WhichOneof("kind") is None:
        return None
    return plain_number(json_format.MessageToDict(message))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} is not JSON: return dicts, lists, texts, numbers, "
                    "booleans or None")
