"""One submission's kernel: cells go in, questions are answered, and nothing of it stays behind."""

import ast
import contextlib
import ctypes
import json
import queue
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from course_lib.common.kernel import in_folder, kernel_environment, shared_settings
from course_lib.common.launch import START, connection, running_interpreter
from course_lib.marking.calls import Call
from course_lib.marking.cells import leading_imports, undefined
from course_lib.marking.packages import refusing
from course_lib.marking.plain import PlainDataError, printable
from course_lib.marking.stopwatch import PATIENCE, Stopwatch

ROOT = Path(__file__).resolve().parents[2]
IMPORTS = 120  # seconds; TensorFlow on a tired laptop
CELL = 3  # times as long as a call
GRACE = 3  # seconds that interrupted code gets to stop
LONGEST_REPLY = 100_000_000  # characters
MEMORY = 4.0  # GB; Keras and PyTorch in one kernel, both training a small network, take 0.9
GUARD = "course_lib.marking.guard"
# One thread and no GPU: what one submission does takes nothing from the others.
SETTINGS = {
    **shared_settings(1),
    "CUDA_VISIBLE_DEVICES": "-1",
    "MPLBACKEND": "agg",
    "PYTHONDONTWRITEBYTECODE": "1",
}
FILE_AND_LINE = re.compile(r"\([^()]*, line (\d+)\)$")  # of a SyntaxError; the file is the kernel's own

# Runs before the student's code, which cannot lift a hard limit. Limited is the memory that a process may write to (on
# Linux), not its address space: that one holds libraries too, and grows with every core and with CUDA.
# IPython's own exit stops the kernel some cells later, and nobody knows which cell it was; this one ends its cell.
PREPARE = """\
import {remote}
from sys import exit
quit = exit
try:
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, ({memory}, {memory}))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    del resource
except (ImportError, ValueError, OSError):
    pass
"""
ASK = "__import__({remote!r}, fromlist=['reply']).reply(globals(), {name!r}, {request!r}, {lab!r}, {exercise!r})"


class TooSlow(Exception):
    """The code did not finish, but could be interrupted; the kernel lives."""

    def __init__(self, seconds: float):
        super().__init__(f"not finished after {seconds:g} s")
        self.seconds = seconds


class Lost(Exception):
    """The kernel is gone: it died, or had to be killed."""


class Killed(Lost):
    """The system ended the kernel, as it does when memory runs out. Perhaps others had it all."""


class Starved(Exception):
    """The machine did not let the code run, so nothing is known about it."""


class Missing(Exception):
    """The notebook defines no such name."""


@dataclass(frozen=True)
class CellError:
    """What a cell raised. kind: the name of the exception; says: its message, in one line."""

    kind: str
    says: str = ""

    def __str__(self) -> str:
        return self.kind + (f": {self.says}" if self.says else "")

    @property
    def missing_name(self) -> str:
        """The name that a NameError speaks of."""
        return undefined(self.says) if self.kind == "NameError" else ""


class Session:
    """A context manager around one kernel in an empty folder.

    remote: the module that answers there. seconds: for a call; memory: of its process, in GB.
    """

    def __init__(self, remote: str, seconds: float = 10, memory: float = MEMORY):
        self.remote, self.seconds, self.memory = remote, seconds, memory

    def __enter__(self) -> "Session":
        # Here and below: heavy, and the process that hands out the submissions may never open one.
        from psutil import Error
        from zmq import ZMQError

        become_subreaper()
        self.before = {process.pid for process in descendants()}
        with contextlib.ExitStack() as stack:  # what has been opened is closed again when something goes wrong
            try:
                self.start(stack)
                self.execute(PREPARE.format(remote=self.remote, memory=int(self.memory * 1e9)), IMPORTS)
            except (OSError, RuntimeError, TooSlow, Lost, ZMQError, Error) as error:
                raise Starved(f"its kernel did not start ({printable(str(error))})") from None
            self.stack = stack.pop_all()
        return self

    def start(self, stack: contextlib.ExitStack) -> None:
        import psutil
        from jupyter_client.manager import KernelManager

        folder = Path(stack.enter_context(TemporaryDirectory(prefix="course-check-", ignore_cleanup_errors=True)))
        work = folder / "work"
        work.mkdir()
        environment = in_folder(kernel_environment(ROOT, SETTINGS), folder)
        where = stack.enter_context(connection(folder))
        stack.callback(kill, self.before)
        self.manager = running_interpreter(KernelManager, GUARD)(**where)
        stack.callback(self.end)
        self.manager.start_kernel(
            env=refusing(environment, folder / "refusing"), cwd=str(work),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.process = psutil.Process(self.manager.provisioner.pid)
        self.client = self.manager.blocking_client()
        self.client.start_channels(stdin=False)
        stack.callback(self.client.stop_channels)
        self.client.wait_for_ready(timeout=START)

    def end(self) -> None:
        with contextlib.suppress(Exception):  # whatever state it is in, `kill` ends it
            self.manager.shutdown_kernel(now=True)

    def __exit__(self, *_) -> None:
        self.stack.close()

    def run(self, source: str) -> CellError | None:
        """Run one cell. Return what it raised, if it did.

        The imports that it begins with run before it, with a limit of their own: to load TensorFlow from a slow disk
        is nobody's fault.
        """
        if imports := leading_imports(source):
            self.execute(imports, IMPORTS)
        content = self.execute(source, CELL * self.seconds)
        if content.get("status") != "error":
            return None
        says = printable(" ".join(str(content.get("evalue", "")).split()))
        return CellError(printable(str(content.get("ename", ""))), FILE_AND_LINE.sub(r"(line \1)", says))

    def load(self, lab: str) -> None:
        """Import the declarations of a lab, with the frameworks that they need, before the first call is timed."""
        self.execute(f"__import__({self.remote!r}, fromlist=['load']).load({lab!r})", IMPORTS)

    def call(self, name: str, lab: str = "", exercise: str = "") -> Call:
        """The call that asks for what stands under `name` in the notebook.

        lab, exercise: as which it is tried; without an exercise, as that of the same name.
        """
        asked = {"remote": self.remote, "name": name, "lab": lab, "exercise": exercise or name}

        def ask(arguments: list | None) -> dict:
            question = ASK.format(**asked, request=json.dumps(arguments, allow_nan=False))
            content = self.execute("", self.seconds, {"reply": question})
            answer = content.get("user_expressions", {}).get("reply", {})
            text = answer.get("data", {}).get("text/plain", "")
            if answer.get("status") != "ok" or len(text) > LONGEST_REPLY:
                raise PlainDataError(f"no answer came back ({printable(str(answer.get('ename', 'too long')))})")
            try:
                reply = json.loads(ast.literal_eval(text))
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                raise PlainDataError("the answer that came back is not readable") from None
            if isinstance(reply, dict) and "missing" in reply:
                raise Missing(name)
            return reply

        return ask

    def execute(self, code: str, seconds: float, expressions: dict | None = None) -> dict:
        """The content of the kernel's reply.

        TooSlow after an interrupt that helped, Lost after one that did not; Starved where that says nothing.
        """
        number = self.client.execute(
            code, store_history=False, allow_stdin=False, stop_on_error=False, user_expressions=expressions
        )
        content = self.reply_to(number, seconds)
        if content is not None:
            return content
        self.manager.interrupt_kernel()
        if self.reply_to(number, GRACE) is not None:
            raise TooSlow(seconds)
        raise Lost(f"not finished after {seconds:g} s, and it did not let itself be interrupted")

    def reply_to(self, number: str, seconds: float) -> dict | None:
        stopwatch = Stopwatch(self.process)
        while stopwatch.look() < seconds:
            if stopwatch.on_the_clock > PATIENCE * seconds:
                raise Starved(f"got the processor for {stopwatch.charged:.0f} of {PATIENCE * seconds:g} s")
            try:
                message = self.client.get_shell_msg(timeout=min(max(seconds - stopwatch.on_the_clock, 0.1), 0.3))
            except queue.Empty:
                if not self.manager.is_alive():
                    status = getattr(self.manager.provisioner.process, "returncode", None)
                    if status == -getattr(signal, "SIGKILL", 9):
                        raise Killed("the system ended its process, most likely because memory ran out") from None
                    raise Lost("its process ended (a crash, too much memory, or os._exit)") from None
                continue
            if message["parent_header"].get("msg_id") == number:
                return message["content"]
        return None


def become_subreaper() -> None:
    """On Linux, have orphans of our descendants given to us and not to process 1, so that none escapes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def descendants() -> list:
    import psutil

    return psutil.Process().children(recursive=True)


def kill(spared: set[int]) -> None:
    """End every descendant but those; several rounds, for one may be forking meanwhile."""
    import psutil

    for _ in range(20):
        found = [process for process in descendants() if process.pid not in spared]
        if not found:
            return
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=1)
