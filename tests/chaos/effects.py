"""The outside world: takes effects, and remembers who did which of them under which key.

POST /effect {key, attempt, execution, step, worker} answers {nonce}; one in fifty of the answers
is lost on the way, as in life. GET /effects gives everything, as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOST_EVERY = 50


class Effects:
    def __init__(self):
        self.lock = threading.Lock()
        self.taken: list[dict] = []

    def take(self, effect: dict) -> dict:
        with self.lock:
            effect["nonce"] = uuid.uuid4().hex
            effect["lost"] = len(self.taken) % LOST_EVERY == LOST_EVERY - 1
            self.taken.append(effect)
            return effect


def handler(effects: Effects):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            effect = effects.take(body)
            if effect["lost"]:
                self.close_connection = True
                self.connection.close()
                return
            self._answer({"nonce": effect["nonce"]})

        def do_GET(self):
            with effects.lock:
                taken = list(effects.taken)
            self._answer(taken)

        def _answer(self, body) -> None:
            data = json.dumps(body).encode()
            head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(data)}\r\n\r\n".encode()
            self.wfile.write(head + data)

        def log_message(self, *_):
            pass

        def finish(self):
            try:
                super().finish()
            except OSError:
                pass
    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A worker that was killed in the middle is no news."""


def main() -> None:
    server = Server(("127.0.0.1", 0), handler(Effects()))
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()   # until whoever started this ends


if __name__ == "__main__":
    main()
