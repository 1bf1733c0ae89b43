"""Writes agentflow/_api.py and the worker messages from the protos: the SDK's one source.

    python generate.py            writes the files
    python generate.py --check    fails when they differ from the protos
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

HERE = Path(__file__).resolve().parent
PROTO = HERE.parents[2] / "proto"
RESOURCES = ["auth", "tenant", "user", "api_key", "audit_event", "workflow", "node_type",
             "execution", "payload", "expression", "approval", "migration", "agent", "schedule",
             "stats"]
PLAIN = {"agentflow/api/v1/worker.proto", "agentflow/options/v1/options.proto"}
SCALARS = {descriptor_pb2.FieldDescriptorProto.TYPE_STRING: "str",
           descriptor_pb2.FieldDescriptorProto.TYPE_BOOL: "bool",
           descriptor_pb2.FieldDescriptorProto.TYPE_BYTES: "bytes",
           descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE: "float",
           descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT: "float"}
WELL_KNOWN = {".google.protobuf.Struct": "dict[str, Any]", ".google.protobuf.Value": "Any",
              ".google.protobuf.Timestamp": "datetime", ".google.protobuf.FieldMask": "str",
              ".google.protobuf.Duration": "timedelta", ".google.protobuf.Empty": "None"}
HEADER = '''"""Types and calls of the API. Generated from the protos by generate.py; do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as _field
from datetime import datetime, timedelta
from typing import Any, Iterator

from ._codec import Message
from ._transport import Transport
'''


def include_dirs() -> list[str]:
    import google.api
    import grpc_tools
    return [f"-I{PROTO}", f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
            f"-I{Path(next(iter(google.api.__path__))).parents[1]}"]


def protoc(*arguments) -> None:
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *include_dirs(), *arguments],
                   check=True)


def descriptors() -> descriptor_pb2.FileDescriptorSet:
    with tempfile.NamedTemporaryFile() as out:
        protoc("--include_source_info", "--include_imports", f"--descriptor_set_out={out.name}",
               *[f"agentflow/api/v1/{name}.proto" for name in RESOURCES])
        return descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())


def snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class File:
    """One proto: its comments by path, its messages and its services as Python text."""

    def __init__(self, proto: descriptor_pb2.FileDescriptorProto):
        self.proto = proto
        self.comments = {tuple(place.path): place.leading_comments.strip()
                         for place in proto.source_code_info.location}

    def comment(self, *path: int) -> list[str]:
        text = self.comments.get(path, "")
        return [line.strip() for line in text.splitlines()]

    def messages(self) -> str:
        """Requests are left out, except those inside others: their fields are the arguments of the
        calls."""
        inside = {f.type_name for message in MESSAGES.values() for f in message.field}
        return "".join(self._message(message, (4, i)) for i, message
                       in enumerate(self.proto.message_type)
                       if not message.name.endswith("Request")
                       or f".{self.proto.package}.{message.name}" in inside)

    def _message(self, message, path) -> str:
        lines = ["", "", "@dataclass(kw_only=True)", f"class {message.name}(Message):"]
        documentation = self.comment(*path) or [f"{message.name}."]
        lines += docstring(documentation, "    ")
        maps = {nested.name: nested for nested in message.nested_type}
        for i, f in enumerate(message.field):
            lines += [f"    # {line}".rstrip() for line in self.comment(*path, 2, i)]
            lines.append(f"    {f.name}: {annotation(f, maps)} = {default(f, maps)}")
        return "\n".join(lines) + "\n"

    def services(self) -> str:
        return "".join(self._service(service, (6, i)) for i, service
                       in enumerate(self.proto.service))

    def _service(self, service, path) -> str:
        lines = ["", "", f"class {service.name}:", *docstring(self.comment(*path), "    "), "",
                 "    def __init__(self, transport: Transport):",
                 "        self._transport = transport"]
        for i, method in enumerate(service.method):
            if method.client_streaming or method.server_streaming:
                continue
            lines += self._method(method, self.comment(*path, 2, i))
        return "\n".join(lines) + "\n"

    def _method(self, method, documentation) -> list[str]:
        request = MESSAGES[method.input_type]
        maps = {nested.name: nested for nested in request.nested_type}
        rule = method.options.Extensions[annotations_pb2.http]
        verb = rule.WhichOneof("pattern")
        arguments = [f"{f.name}: {annotation(f, maps, optional=True)} = None"
                     for f in request.field]
        result = WELL_KNOWN.get(method.output_type, method.output_type.rsplit(".", 1)[1])
        signature = ", ".join(["self", *(["*", *arguments] if arguments else [])])
        values = ", ".join(f"{f.name}={f.name}" for f in request.field)
        answer = "None" if result == "None" else result
        idempotent = method.options.idempotency_level == descriptor_pb2.MethodOptions.IDEMPOTENT
        safe = ", safe=True" if idempotent else ""
        lines = ["", f"    def {snake(method.name)}({signature}) -> {result}:",
                 *docstring(documentation or [f"{method.name}."], "        "),
                 f"        return self._transport.call(\"{verb.upper()}\", "
                 f"\"{getattr(rule, verb)}\", \"{rule.body}\",",
                 f"                                    dict({values}), {answer}{safe})"]
        return lines + self._pages(method, request, result)

    def _pages(self, method, request, result) -> list[str]:
        """For a list method also one that goes through all pages."""
        if not any(f.name == "page_token" for f in request.field):
            return []
        answer = MESSAGES[method.output_type]
        items = next(f for f in answer.field if f.label == f.LABEL_REPEATED)
        item = items.type_name.rsplit(".", 1)[1]
        return ["", f"    def iterate_{snake(method.name).removeprefix('list_')}"
                    f"(self, **request: Any) -> Iterator[{item}]:",
                f"        \"\"\"Every item of {snake(method.name)}, page after page.\"\"\"",
                "        while True:",
                f"            page = self.{snake(method.name)}(**request)",
                f"            yield from page.{items.name}",
                "            if not page.next_page_token:",
                "                return",
                "            request[\"page_token\"] = page.next_page_token"]


def docstring(lines: list[str], indent: str) -> list[str]:
    if len(lines) == 1:
        return [f'{indent}"""{lines[0]}"""']
    body = [f"{indent}{line}".rstrip() for line in lines[1:]]
    return [f'{indent}"""{lines[0]}', *body, f'{indent}"""']


def scalar(f) -> str:
    if f.type_name in WELL_KNOWN:
        return WELL_KNOWN[f.type_name]
    if f.type == f.TYPE_MESSAGE:
        return f.type_name.rsplit(".", 1)[1]
    return "str" if f.type == f.TYPE_ENUM else SCALARS.get(f.type, "int")


def map_entry(f, maps):
    entry = maps.get(f.type_name.rsplit(".", 1)[-1])
    return entry if entry is not None and entry.options.map_entry else None


def annotation(f, maps, optional: bool = False) -> str:
    entry = map_entry(f, maps)
    if entry is not None:
        text = f"dict[str, {scalar(entry.field[1])}]"
    elif f.label == f.LABEL_REPEATED:
        text = f"list[{scalar(f)}]"
    else:
        text = scalar(f)
        optional = optional or f.type == f.TYPE_MESSAGE
    return f"{text} | None" if optional and text != "Any" else text


def default(f, maps) -> str:
    if map_entry(f, maps) is not None:
        return "_field(default_factory=dict)"
    if f.label == f.LABEL_REPEATED:
        return "_field(default_factory=list)"
    if f.type == f.TYPE_MESSAGE:
        return "None"
    return {"str": '""', "bool": "False", "bytes": 'b""', "float": "0.0"}.get(scalar(f), "0")


MESSAGES: dict[str, descriptor_pb2.DescriptorProto] = {}


def api_text() -> str:
    files = descriptors()
    for proto in files.file:
        for message in proto.message_type:
            MESSAGES[f".{proto.package}.{message.name}"] = message
    ours = {f"agentflow/api/v1/{name}.proto": None for name in RESOURCES}
    for proto in files.file:
        if proto.name in ours:
            ours[proto.name] = File(proto)
    return (HEADER + "".join(f.messages() for f in ours.values())
            + "".join(f.services() for f in ours.values()))


def generate(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    protoc(f"--python_out={folder.parent}", f"--grpc_python_out={folder.parent}", *sorted(PLAIN))
    (folder / "options" / "v1" / "options_pb2_grpc.py").unlink(missing_ok=True)
    (folder / "_api.py").write_text(api_text())


def generated_files(folder: Path) -> list[str]:
    return ["_api.py", "api/v1/worker_pb2.py", "api/v1/worker_pb2_grpc.py",
            "options/v1/options_pb2.py"]


def check() -> list[str]:
    """Names of generated files that no longer match the protos."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "agentflow"
        generate(fresh)
        return [name for name in generated_files(fresh)
                if (fresh / name).read_text() != (HERE / "agentflow" / name).read_text()]


if __name__ == "__main__":
    if "--check" in sys.argv:
        stale = check()
        sys.exit(f"run libs/sdk/python/generate.py: {stale}" if stale else 0)
    generate(HERE / "agentflow")
