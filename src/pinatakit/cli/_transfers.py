"""Transfers: things that go at once, what is shown of them meanwhile, and how an interruption is taken.

On a terminal each that is on its way has a bar, and all have one together; elsewhere each that has
arrived is a line on stderr. Where one fails the others go on. What is printed comes in the order in
which things were named, and from the main thread alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import (
    AbstractContextManager,
    closing,
    contextmanager,
    nullcontext,
    redirect_stderr,
    redirect_stdout,
)
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import click
from click.core import ParameterSource

from pinatakit.cli._bars import bars, on_terminal
from pinatakit.cli._commands import Interrupted
from pinatakit.cli._output import plain, size

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from pinatakit.client import Progress

T = TypeVar("T")

Command = Callable[..., Any]

_GRACE: Final = 2  # seconds in which what is interrupted may end by itself
_TYPED: Final = 300  # letters of names that somebody may be asked to type again


def transfer_options(command: Command) -> Command:
    """``--concurrency`` and ``--no-progress``; the command is given `at_once` and `draw`."""
    command = click.option(
        "--no-progress", "draw", is_flag=True, flag_value=False, default=True, help="Draw no bars."
    )(command)
    return click.option(
        "-j",
        "--concurrency",
        "at_once",
        type=click.IntRange(1, 64),
        default=4,
        show_default=True,
        metavar="N",
        help="How many go at once.",
    )(command)


class Transfers(Generic[T]):
    """Moves things named by texts, several at once.

    `move` is given a name and what tells its progress, and runs in a thread where there are several;
    `arrived` is given the name and what `move` gave, in order; `again` gives the command that goes on
    with the names that are left, where there is one. `sizes` are the bytes of each, as far as known.
    """

    def __init__(
        self,
        what: Sequence[str],
        move: Callable[[str, Progress], T],
        arrived: Callable[[str, T], object],
        *,
        again: Callable[[Sequence[str]], str | None],
        at_once: int,
        draw: bool = True,
        sizes: Sequence[int | None] = (),
    ) -> None:
        self._what = what
        self._move = move
        self._arrived = arrived
        self._again = again
        self._at_once = min(at_once, len(what))
        self._shown = _Bars(what, sizes) if draw and on_terminal() else None
        self._left = set(range(len(what)))
        self._stopped = threading.Event()

    def run(self) -> int:
        """Move all, and give the exit code: 8 where some failed.

        Raises:
            Interrupted: with how far it was, and the command that goes on.
            Exception: the only one failed, or one in a way in which all of them would.
        """
        from pinatakit.cli._errors import explain

        done: dict[int, T | None] = {}
        told = 0
        try:
            with self._shown.drawn() if self._shown else nullcontext(), closing(self._outcomes()) as outcomes:
                for place, outcome in outcomes:
                    if isinstance(outcome, BaseException):
                        said = explain(outcome, self._what[place])
                        if said is None or len(self._what) == 1 or _for_all(outcome):
                            raise outcome
                        with self._aside():
                            click.echo(said, err=True)
                        done[place] = None
                    else:
                        self._left.discard(place)
                        done[place] = outcome
                    if told in done and len(self._what) > 1:  # one by itself is told without its bar
                        with self._aside():
                            while told in done:
                                self._tell(told, done.pop(told))
                                told += 1
        except KeyboardInterrupt:
            raise Interrupted(self._interrupted()) from None
        finally:
            for place in sorted(done):  # what has arrived is told, whatever keeps the others
                self._tell(place, done[place])
        if self._left and (go_on := self._go_on()):
            click.echo(f"{len(self._left)} of {len(self._what)} failed{go_on}", err=True)
        return 8 if self._left else 0

    def _aside(self) -> AbstractContextManager[None]:
        """The bars make way for what is printed."""
        return self._shown.aside() if self._shown else nullcontext()

    def _tell(self, place: int, outcome: T | None) -> None:
        if outcome is not None:
            self._arrived(self._what[place], outcome)

    def _interrupted(self) -> str:
        count = (
            f": {len(self._what) - len(self._left)} of {len(self._what)} done" if len(self._what) > 1 else ""
        )
        return f"interrupted{count}{self._go_on()}"

    def _go_on(self) -> str:
        command = self._again([self._what[place] for place in sorted(self._left)])
        return f"\nhint: go on with: {command}" if command else ""

    def _outcomes(self) -> Generator[tuple[int, T | BaseException]]:
        """What becomes of each, as it does."""
        if self._at_once <= 1:
            for place in range(len(self._what)):
                yield place, self._moved(place)
            return
        todo = SimpleQueue[int]()
        found = SimpleQueue[tuple[int, T | BaseException] | None]()
        for place in range(len(self._what)):
            todo.put(place)

        def work() -> None:
            while not self._stopped.is_set():
                try:
                    place = todo.get_nowait()
                except Empty:
                    return
                try:
                    found.put((place, self._moved(place)))
                except BaseException as error:  # noqa: BLE001  (it is raised where all can see it)
                    found.put((place, error))

        threads = [threading.Thread(target=work, daemon=True) for _ in range(self._at_once)]
        try:
            for thread in threads:
                thread.start()
            with _heard(lambda: found.put(None)):
                for _ in self._what:
                    if (outcome := _next(found)) is None:
                        raise KeyboardInterrupt
                    yield outcome
        finally:
            self._stopped.set()
            until = time.monotonic() + _GRACE
            for thread in threads:
                thread.join(max(0, until - time.monotonic()))

    def _moved(self, place: int) -> T | BaseException:
        shown = self._shown.begin(place) if self._shown else None

        def progress(done: int, total: int | None) -> None:
            if self._stopped.is_set():
                raise _Stopped
            if shown:
                shown(done, total)

        try:
            return self._move(self._what[place], progress)
        except Exception as error:  # noqa: BLE001  (it is told, and keeps nobody else)
            return error
        finally:
            if self._shown:
                self._shown.end(place)


@contextmanager
def _heard(interrupt: Callable[[], object]) -> Generator[None]:
    """Take the first Ctrl-C as a call, so that it comes between two lines on the screen and not within one."""
    before = signal.getsignal(signal.SIGINT)
    if before != signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        interrupt()

    signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _next(found: SimpleQueue[T]) -> T:
    """What comes next. On Windows Ctrl-C is heard only between two waits."""
    while True:
        try:
            return found.get(timeout=0.5)
        except Empty:
            continue


def _for_all(error: BaseException) -> bool:
    """Whether what keeps one keeps all: nobody let them in."""
    from pinatakit.errors import PaymentRequired, SettingsError, Unauthorized

    return isinstance(error, SettingsError | Unauthorized | PaymentRequired)


class _Stopped(BaseException):
    """This transfer ends here, because all do."""


class _Bars:
    """A bar for each that is on its way, and one for all where there are several."""

    def __init__(self, what: Sequence[str], sizes: Sequence[int | None]) -> None:
        self._names = [plain(Path(name).name or name) for name in what]
        self._sizes = sizes or [None] * len(what)
        known = [count for count in self._sizes if count is not None]
        self._total = sum(known) if len(known) == len(what) else None
        self._bars: Bars = bars()
        self._lock = threading.Lock()
        self._moved: dict[int, int] = {}
        self._ended = 0
        self._each: dict[int, TaskID] = {}
        self._all: TaskID | None = None
        self._shared = sys.stdout.isatty()  # stdout is on the screen on which they are
        if len(what) > 1:
            self._all = self._bars.add_task(self._count(), total=self._total)

    @contextmanager
    def drawn(self) -> Generator[None]:
        """They are on the screen."""
        with self._bars:
            yield

    @contextmanager
    def aside(self) -> Generator[None]:
        """What is printed on this terminal meanwhile comes to stand above them."""
        from rich.text import Text

        said = io.StringIO()
        try:
            with redirect_stderr(said), redirect_stdout(said) if self._shared else nullcontext():
                yield
        finally:
            if text := said.getvalue().rstrip("\n"):
                self._bars.console.print(Text(text), soft_wrap=True)

    def begin(self, place: int) -> Progress:
        """One sets out."""
        bar = self._bars.add_task(self._names[place], total=self._sizes[place])
        with self._lock:
            self._each[place] = bar

        def tell(done: int, total: int | None) -> None:
            self._bars.update(bar, completed=done, total=total)
            self._moves(place, done)

        return tell

    def end(self, place: int) -> None:
        """It is there, or failed."""
        with self._lock:
            self._ended += 1
            bar = self._each.pop(place)
        if self._all is None:
            return  # it stays until all goes
        self._bars.remove_task(bar)
        self._moves(place, self._sizes[place])

    def _moves(self, place: int, done: int | None) -> None:
        if self._all is None:
            return
        with self._lock:
            if done is not None:
                self._moved[place] = done
            moved = sum(self._moved.values())
        self._bars.update(self._all, completed=moved, description=self._count())

    def _count(self) -> str:
        return f"{self._ended} of {len(self._names)}"


def summary(count: int, of_bytes: int, word: str) -> str:
    """What several transfers came to."""
    return f"{count:,} {word}, {size(of_bytes)}"


# ── the command that goes on ────────────────────────────────────────────────

_SECRET: Final = frozenset({"url"})  # options whose values are not shown


def typed_again(names: Sequence[str], *, without: Sequence[str] = (), to: Sequence[str] = ()) -> str:
    """The command that runs, as it was typed, with other arguments.

    Options named in `without` are left out; what is secret is left for the user to put in.
    """
    ctx = click.get_current_context()
    words = ctx.command_path.split()
    for option in ctx.command.params:
        name = option.name or ""
        if not isinstance(option, click.Option) or name in without:
            continue
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += _option(option, ctx.params.get(name))
    words += to
    if any(one.startswith("-") for one in names):
        words.append("--")
    return shlex.join([*words, *names])


def _option(option: click.Option, value: Any) -> list[str]:
    name = max(option.opts, key=len)
    if option.name in _SECRET:
        return [name, (option.metavar or option.name or "").upper()]
    if option.is_flag:
        return [name if value == option.flag_value else option.secondary_opts[0]]
    if option.name == "local":
        return [f"--local={value}" if value else "--local"]
    return [f"{name}={one}" for one in (value if option.multiple else [value])]


def left_list(names: Sequence[str], typed: str) -> Path | None:
    """A file with the names that are left, where they are too many to type; `None` where they are not.

    It is kept for the user alone, one for each such command in this folder.
    """
    if sum(map(len, names)) <= _TYPED:
        return None
    about = os.fsencode(Path.cwd()) + b"\0" + os.fsencode(typed)
    place = _left_folder() / f"{hashlib.sha256(about).hexdigest()[:12]}.txt"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    end = "\0" if any("\n" in name for name in names) else "\n"
    text = "".join(_absolute(name) + end for name in names)
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(text.encode("utf-8", "surrogateescape"))
    return place


def read_list(file: str) -> list[str]:
    """The names in a file, one a line or, as ``find -print0`` writes them, with a NUL behind each."""
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    text = data.decode("utf-8", "surrogateescape")
    return [name for name in (text.split("\0") if "\0" in text else text.splitlines()) if name]


def forget_list(file: str) -> None:
    """Remove a list that `left_list` has made, and nothing else."""
    place = Path(file).absolute()
    if place.parent == _left_folder().absolute():
        place.unlink(missing_ok=True)


def _left_folder() -> Path:
    from pinatakit.settings import state_folder

    return state_folder() / "left"


def _absolute(name: str) -> str:
    return name if re.match(r"(?i)data:|[a-z][a-z0-9+.-]+://", name) else os.path.abspath(name)  # noqa: PTH100  (keeps stars)
