"""Dependencies only point down; outside libraries are seen by their wrappers alone."""

import re

import pytest

from sources import ROOT, cpp, includes, is_test, relative

LAYERS = {
    "base": 0, "json": 0,
    "contract": 1,
    "schema": 1, "cel": 1, "workflow": 1, "engine": 1,
    "crypto": 1, "obs": 1, "config": 1, "runtime": 1,
    "auth": 2, "tz": 2,
    "contract": 1, "pg": 3, "redis": 3, "rpc": 3, "http": 3, "audit": 3, "lanes": 3,
    "erasure": 3,
    "testing": 4, "cli": 4,
}
PURE = {"schema", "cel", "workflow", "engine"}
IMPURE_HEADERS = re.compile(
    r"^(chrono|ctime|time\.h|random|thread|mutex|shared_mutex|condition_variable|future|atomic|"
    r"fstream|iostream|filesystem|unistd\.h|sys/.*|absl/time/clock\.h|"
    r"absl/synchronization/.*|libs/(obs|config|runtime|crypto)/.*)$")

# Header prefix -> folders that may include it; a header there that does is that library's own.
WRAPPED = {
    r"pqxx": ["libs/pg"],
    r"libpq": ["libs/pg"],
    r"hiredis": ["libs/redis"],
    r"spdlog": ["libs/obs"],
    r"prometheus/": ["libs/obs"],
    r"nlohmann/json\.hpp": ["libs/json"],
    r"boost/(beast|asio)": ["libs/http"],
    r"curl/": ["libs/http"],
    r"grpcpp/|grpc/|grpc\+\+": ["libs/rpc"],
    r"openssl/|argon2": ["libs/crypto", "libs/rpc", "libs/testing"],
    r"yaml-cpp/": ["libs/workflow", "libs/config"],
    r"CLI/": ["tools/cli"],
}


def library_of(path: str) -> str | None:
    match = re.match(r"libs/([a-z_]+)/", path)
    return match[1] if match else None


def service_of(path: str) -> str | None:
    match = re.match(r"services/([a-z_]+)/", path)
    return match[1] if match else None


def product_code():
    return [file for file in cpp() if not is_test(file)]


def test_every_library_has_a_layer():
    names = {library_of(relative(file)) for file in cpp()} - {None}
    assert names <= set(LAYERS), f"give these a layer here: {sorted(names - set(LAYERS))}"


def test_libraries_only_include_their_layer_and_below():
    wrong = []
    for file in product_code():
        library = library_of(relative(file))
        for path in includes(file):
            if library and service_of(path):
                wrong.append(f"{relative(file)} includes a service: {path}")
            other = library_of(path)
            if library and other and LAYERS[other] > LAYERS[library]:
                wrong.append(f"{relative(file)} includes {path} of a higher layer")
    assert not wrong, "\n".join(wrong)


def test_no_cycles_between_libraries():
    uses = {}
    for file in product_code():
        library = library_of(relative(file))
        for path in includes(file):
            other = library_of(path)
            if library and other and other != library:
                uses.setdefault(library, set()).add(other)

    def reaches(start, goal, seen):
        return any(other == goal or (other not in seen and reaches(other, goal, seen | {other}))
                   for other in uses.get(start, ()))

    assert not [name for name in uses if reaches(name, name, set())]


def test_services_do_not_include_each_other():
    wrong = [f"{relative(file)} includes {path}" for file in cpp() for path in includes(file)
             if service_of(path) and service_of(relative(file))
             and service_of(path) != service_of(relative(file))]
    assert not wrong, "\n".join(wrong)


def test_pure_libraries_have_no_door_to_the_world():
    wrong = [f"{relative(file)} includes <{path}>" for file in product_code()
             for path in includes(file)
             if library_of(relative(file)) in PURE and IMPURE_HEADERS.match(path)]
    assert not wrong, "\n".join(wrong)


def seen_outside(header_file):
    """Who includes a header from outside its folder."""
    name, folder = relative(header_file), relative(header_file.parent)
    return [relative(file) for file in cpp()
            if name in includes(file) and not relative(file).startswith(folder + "/")]


@pytest.mark.parametrize("header", WRAPPED)
def test_outside_library_is_seen_by_its_wrapper_alone(header):
    wrong = []
    for file in cpp():
        for path in includes(file):
            if not re.match(header, path):
                continue
            name = relative(file)
            if not any(name.startswith(folder + "/") for folder in WRAPPED[header]):
                wrong.append(f"{name} includes <{path}>")
            elif file.suffix == ".h" and seen_outside(file):
                wrong.append(f"{name} shows <{path}> to {seen_outside(file)}")
    assert not wrong, "\n".join(wrong)


def test_messages_of_the_contract_stay_at_the_edges():
    edge = re.compile(
        r"(^libs/(rpc|audit|erasure|contract|lanes)/|/rpc/|/client/|codec|^services/gateway/|^tools/|app\.cc$)")
    wrong = [f"{relative(file)} includes {path}" for file in product_code()
             for path in includes(file)
             if path.endswith(".pb.h") and not edge.search(relative(file))]
    assert not wrong, "\n".join(wrong)


def test_link_lists_point_down():
    wrong = []
    for file in ROOT.glob("libs/*/CMakeLists.txt"):
        text = re.sub(r"#.*", "", file.read_text())
        for call in re.findall(r"af_library\(([^)]*)\)", text):
            name = re.search(r"NAME\s+(\w+)", call)[1]
            layer = int(re.search(r"LAYER\s+(\d)", call)[1])
            if name != "testing" and LAYERS.get(name, layer) != layer:
                wrong.append(f"{relative(file)}: {name} says layer {layer}, not {LAYERS[name]}")
            deps = re.search(r"\bDEPS\s+([\w\s]+?)(?=\b[A-Z_]{3,}\b|$)", call)
            for other in (deps[1].split() if deps else []):
                if LAYERS.get(other, 0) > layer:
                    wrong.append(f"{relative(file)}: {name} links {other} of a higher layer")
    for file in ROOT.glob("services/*/CMakeLists.txt"):
        for other in re.findall(r"\baf_service_(\w+)", file.read_text()):
            if other != file.parent.name:
                wrong.append(f"{relative(file)} links the service {other}")
    assert not wrong, "\n".join(wrong)


def test_each_table_belongs_to_the_service_that_makes_it():
    made = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)\.([a-z_]+)", re.I)
    used = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+([a-z_]+)\.[a-z_]+", re.I)
    services = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    wrong = []
    for folder in (ROOT / "services").iterdir():
        for file in folder.rglob("*"):
            if file.suffix not in (".sql", ".cc", ".h") or is_test(file):
                continue
            text = file.read_text()
            for schema in [match[1] for match in made.finditer(text)] + used.findall(text):
                if schema in services and schema != folder.name:
                    wrong.append(f"{relative(file)} touches a table of {schema}")
    assert not wrong, "\n".join(wrong)
