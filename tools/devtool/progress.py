"""Shows what is going on: a live line per phase on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from contextlib import contextmanager

TTY = sys.stdout.isatty()
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Failure(Exception):
    """Something the user has to know; its text says what to do."""


def style(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if TTY else text


def bold(text: str) -> str:
    return style("1", text)


def dim(text: str) -> str:
    return style("2", text)


def green(text: str) -> str:
    return style("32", text)


def red(text: str) -> str:
    return style("31", text)


class Phase:
    """One line of progress. Call note() with what is happening inside it."""

    def __init__(self, title: str):
        self.title = title
        self.detail = ""
        self.started = time.monotonic()
        self._done = threading.Event()
        self._thread = None

    def note(self, detail: str) -> None:
        self.detail = detail

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def start(self) -> None:
        if TTY:
            self._thread = threading.Thread(target=self._spin, daemon=True)
            self._thread.start()
        else:
            print(f"... {self.title}", flush=True)

    def finish(self, mark: str) -> None:
        self._done.set()
        if self._thread:
            self._thread.join()
        clear = "\r\033[K" if TTY else ""
        detail = f"  {dim(self.detail)}" if self.detail else ""
        print(f"{clear}{mark} {self.title}  {dim(f'{self.seconds():.1f} s')}{detail}", flush=True)

    def _spin(self) -> None:
        turn = 0
        while not self._done.wait(0.1):
            turn += 1
            detail = self.detail[-70:]
            line = f"\r\033[K{SPINNER[turn % 10]} {self.title}  {self.seconds():.0f} s  {dim(detail)}"
            sys.stdout.write(line)
            sys.stdout.flush()


@contextmanager
def phase(title: str):
    shown = Phase(title)
    shown.start()
    try:
        yield shown
    except BaseException:
        shown.finish(red("✗"))
        raise
    shown.finish(green("✓"))
