"""Content that values name instead of holding it: {"$payload": "payloads/{id}", "size": n}.

What is over the inline limit is uploaded, and a reference stands in its place: of an object its
largest members first, so that expressions still see the small ones; anything else as a whole.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from . import _api
from .errors import InvalidArgumentError, PayloadTooLargeError

# The platform's limit of one value (setting `value_bytes` of the executor).
INLINE_BYTES = 256 * 1024
_JSON = "application/json"
# A value counts this much besides its text, as the platform counts (libs/json).
_PER_VALUE = 24
_LARGEST_REFERENCE = 512


class Payloads(_api.PayloadService):
    """Uploads and downloads. Thread-safe."""

    def put(self, content: Any, content_type: str | None = None) -> dict[str, Any]:
        """Stores content and gives the reference to use in its place: bytes as they are
        (application/octet-stream), anything else as JSON. Repeating it is safe: the same content
        has the same name."""
        data = content if isinstance(content, bytes) else \
            json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        kind = content_type or ("application/octet-stream" if isinstance(content, bytes) else _JSON)
        stored = self._transport.call("POST", "/v1/payloads", "payload",
                                      {"payload": _api.Payload(content_type=kind, data=data)},
                                      _api.Payload, safe=True)
        return {"$payload": stored.name, "size": len(data), "contentType": kind}

    def get(self, reference: dict[str, Any] | str) -> Any:
        """The content behind a reference or a name: JSON as its value, other text/... as str,
        anything else as bytes."""
        name = reference["$payload"] if isinstance(reference, dict) else reference
        stored = self.get_payload(name=name)
        if stored.content_type == _JSON:
            return json.loads(stored.data)
        return stored.data.decode() if stored.content_type.startswith("text/") else stored.data

    def resolve(self, value: Any) -> Any:
        """The value with the content in place of every reference in it. A reference within content
        stays one."""
        if is_reference(value):
            return self.get(value)
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value

    def shrink(self, value: Any, field: str, limit: int = INLINE_BYTES) -> Any:
        """The value itself where it is within the limit; else with references for what is large.
        `field` is how errors name it."""
        return by_reference(value, field, limit, self.put)


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$payload"), str) and \
        value["$payload"].startswith("payloads/")


def byte_size(value: Any) -> int:
    """As the platform counts: the bytes of texts and keys, and 24 for each value."""
    size = _PER_VALUE
    if isinstance(value, str):
        size += len(value.encode())
    elif isinstance(value, dict):
        size += sum(len(str(key).encode()) + byte_size(item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        size += sum(map(byte_size, value))
    return size


def by_reference(value: Any, field: str, limit: int, put: Callable[[Any], dict]) -> Any:
    """See Payloads.shrink."""
    total = byte_size(value)
    if total <= limit:
        return value
    if not isinstance(value, dict):
        return _put(value, field, put)
    sizes = {key: byte_size(item) for key, item in value.items()}
    gain = sum(max(0, size - _LARGEST_REFERENCE) for size in sizes.values())
    if total - gain > limit:
        return _put(value, field, put)
    shrunk = dict(value)
    for key in sorted(sizes, key=sizes.get, reverse=True):
        if total <= limit:
            break
        shrunk[key] = _put(value[key], f"{field}.{key}", put)
        total += byte_size(shrunk[key]) - sizes[key]
    return shrunk


def _put(content: Any, field: str, put: Callable[[Any], dict]) -> dict[str, Any]:
    try:
        return put(content)
    except InvalidArgumentError as error:
        if error.reason not in ("PAYLOAD_TOO_LARGE", "BODY_TOO_LARGE", "MESSAGE_TOO_LARGE"):
            raise
        raise PayloadTooLargeError(f"{field} is too large to pass by reference: {error.message}",
                                   reason="PAYLOAD_TOO_LARGE",
                                   metadata={"field": field}) from error
