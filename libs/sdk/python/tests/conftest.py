"""A small HTTP server and a small gRPC server that play the platform."""

import json
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from agentflow.api.v1 import worker_pb2 as pb
from agentflow.api.v1 import worker_pb2_grpc


class FakeApi:
    """Answers from a list of (status, body) or by a function; keeps what was asked."""

    def __init__(self):
        self.requests = []
        self.answers = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _handle(self):
                size = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(size)) if size else None
                outer.requests.append((self.command, self.path, body, dict(self.headers)))
                status, answer = outer.answers.pop(0) if outer.answers else (200, {})
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = _handle

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def api():
    fake = FakeApi()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


class FakeCoordinator(worker_pb2_grpc.WorkerServiceServicer):
    """Each stream appears in `streams` as (received, send); send None to end it."""

    def __init__(self):
        self.streams = queue.Queue()
        self.refuse = None

    def Work(self, requests, context):
        if self.refuse:
            context.abort(self.refuse, "no")
        received, send = queue.Queue(), queue.Queue()

        def read():
            try:
                for message in requests:
                    received.put(message)
            except grpc.RpcError:
                pass
            send.put(None)

        threading.Thread(target=read, daemon=True).start()
        self.streams.put((received, send))
        yield from iter(send.get, None)


@pytest.fixture
def coordinator():
    fake = FakeCoordinator()
    server = grpc.server(ThreadPoolExecutor(8))
    worker_pb2_grpc.add_WorkerServiceServicer_to_server(fake, server)
    fake.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield fake
    server.stop(0)


def task(number=1, attempt=1, agent="shout", text="hi") -> pb.CoordinatorMessage:
    message = pb.Task(task_id=f"t{number}", attempt=attempt, agent=agent, token=b"k")
    message.input.struct_value.update({"text": text, "n": 3})
    return pb.CoordinatorMessage(tasks=pb.Tasks(tasks=[message]))
