"""Ports and plain HTTP, for starting and checking servers on loopback."""

import json
import socket
import urllib.error
import urllib.request


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose_ports(wanted: dict[str, int], any_port: bool,
                 taken: set[int] = frozenset()) -> dict[str, int]:
    """The wanted ports, each moved up to the next free one that is not `taken`; or whichever are
    free."""
    chosen: dict[str, int] = {}
    if any_port:
        sockets = []
        for name in wanted:
            probe = socket.socket()
            probe.bind(("127.0.0.1", 0))
            sockets.append(probe)
            chosen[name] = probe.getsockname()[1]
        for probe in sockets:
            probe.close()
        return chosen
    for name, port in wanted.items():
        while port in chosen.values() or port in taken or not is_free(port):
            port += 1
        chosen[name] = port
    return chosen


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def http_status(url: str) -> int:
    """The status of a GET; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def http_json(url: str, key: str, body=None, method=None) -> dict:
    """A call to the API; raises urllib.error.HTTPError with the problem document."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
