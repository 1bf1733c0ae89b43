"""TCP ways between processes that can be cut, slowed down, or left half open."""

from __future__ import annotations

import asyncio
import threading
import time

CHUNK = 64 * 1024
MOST_ON_THE_WAY = 64    # chunks


class Link:
    """One way: a port of its own that leads to `target`. Its connections share one condition."""

    def __init__(self, name: str, target: int):
        self.name, self.target = name, target
        self.port = 0
        self.delay_s = 0.0
        self.closed = False
        self.connections: set[_Connection] = set()

    async def open(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer) -> None:
        if self.closed:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, (reader, writer), (far_reader, far_writer))
        self.connections.add(connection)
        await connection.run()
        self.connections.discard(connection)


class _Connection:
    def __init__(self, link: Link, near, far):
        self.link, self.near, self.far = link, near, far
        self.half_open = False

    async def run(self) -> None:
        ways = [asyncio.create_task(self._copy(self.near[0], self.far[1])),
                asyncio.create_task(self._copy(self.far[0], self.near[1]))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if self.half_open:  # the near side is never told; whatever it sends is swallowed
            await asyncio.wait(ways)
        for way in ways:
            way.cancel()
        self.abort()

    async def _copy(self, reader, writer) -> None:
        """Until either side ends. A delay holds up each byte for so long, and not those behind it
        for longer."""
        on_the_way: asyncio.Queue = asyncio.Queue(MOST_ON_THE_WAY)
        delivery = asyncio.create_task(self._deliver(on_the_way, writer))
        try:
            while data := await reader.read(CHUNK):
                await on_the_way.put((time.monotonic() + self.link.delay_s, data))
            await on_the_way.put((0, b""))
            await delivery
        except OSError:
            pass
        finally:
            delivery.cancel()

    async def _deliver(self, on_the_way: asyncio.Queue, writer) -> None:
        try:
            while True:
                due, data = await on_the_way.get()
                if not data:
                    return
                if (left := due - time.monotonic()) > 0:
                    await asyncio.sleep(left)
                if not self.half_open:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            self.abort()

    def abort(self) -> None:
        for _, writer in (self.near, self.far):
            writer.transport.abort()

    def leave_half_open(self) -> None:
        """The far side is reset; the near side goes on believing in the connection."""
        self.half_open = True
        self.far[1].transport.abort()


class Proxies:
    """All ways of a cluster, on a thread of their own. Methods are for other threads."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True).start()

    def link(self, name: str, target: int) -> Link:
        link = Link(name, target)
        asyncio.run_coroutine_threadsafe(link.open(), self._loop).result()
        return link

    def cut(self, link: Link) -> None:
        """Resets every connection and refuses new ones, until `heal`."""
        def act():
            link.closed = True
            for connection in list(link.connections):
                connection.abort()
        self._do(act)

    def half_open(self, link: Link) -> None:
        """What stands now is dead without a word, for good; new connections work."""
        self._do(lambda: [each.leave_half_open() for each in list(link.connections)])

    def delay(self, link: Link, seconds: float) -> None:
        self._do(lambda: setattr(link, "delay_s", seconds))

    def heal(self, link: Link) -> None:
        def act():
            link.closed = False
            link.delay_s = 0.0
        self._do(act)

    def _do(self, act) -> None:
        async def run():
            act()
        asyncio.run_coroutine_threadsafe(run(), self._loop).result()
