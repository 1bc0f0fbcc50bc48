"""One submission's kernel: cells go in, questions are answered, and nothing of it stays behind."""

import ast
import contextlib
import ctypes
import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from course_lib.marking.calls import Call
from course_lib.marking.plain import PlainDataError, printable

ROOT = Path(__file__).resolve().parents[2]
START = 120  # seconds; many kernels starting at once are slow to answer
GRACE = 3  # seconds that interrupted code gets to stop
LONGEST_REPLY = 100_000_000  # characters
MEMORY = 4.0  # GB; Keras and PyTorch in one kernel, both training a small network, take 0.9

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


class Lost(Exception):
    """The kernel is gone: it died, or had to be killed."""


class Session:
    """A context manager around one kernel in an empty folder.

    remote: the module that answers there. seconds: for a call; memory: of its process, in GB.
    """

    def __init__(self, remote: str, seconds: float = 10, memory: float = MEMORY):
        self.remote, self.seconds, self.memory = remote, seconds, memory

    def __enter__(self) -> "Session":
        from jupyter_client.manager import KernelManager

        become_subreaper()
        self.before = {process.pid for process in descendants()}
        self.folder = tempfile.TemporaryDirectory(prefix="course-check-", ignore_cleanup_errors=True)
        work = Path(self.folder.name, "work")
        work.mkdir()
        # Sockets that are files, where there are such: two kernels that start together may draw the same TCP port.
        transport = "tcp" if os.name == "nt" else "ipc"
        connection_file = str(Path(self.folder.name, "kernel.json"))
        self.manager = KernelManager(kernel_name="python3", transport=transport, connection_file=connection_file)
        self.manager.start_kernel(
            env=environment(Path(self.folder.name)), cwd=str(work),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.client = self.manager.blocking_client()
        self.client.start_channels(stdin=False)
        try:
            self.client.wait_for_ready(timeout=START)
            self.execute(PREPARE.format(remote=self.remote, memory=int(self.memory * 1e9)), START)
        except (RuntimeError, TooSlow) as error:
            self.__exit__()
            raise Lost(f"the kernel did not start: {error}") from None
        return self

    def __exit__(self, *_) -> None:
        self.client.stop_channels()
        with contextlib.suppress(Exception):  # whatever state it is in, the next lines end it
            self.manager.shutdown_kernel(now=True)
        kill(self.before)
        self.folder.cleanup()

    def run(self, source: str) -> str:
        """Run one cell. Return the name of the exception it raised, or nothing."""
        return self.execute(source, 3 * self.seconds).get("ename", "")

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
                return json.loads(ast.literal_eval(text))
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                raise PlainDataError("the answer that came back is not readable") from None

        return ask

    def execute(self, code: str, seconds: float, expressions: dict | None = None) -> dict:
        """The content of the kernel's reply. TooSlow after an interrupt that helped, Lost after one that did not."""
        number = self.client.execute(
            code, store_history=False, allow_stdin=False, stop_on_error=False, user_expressions=expressions
        )
        content = self.reply_to(number, seconds)
        if content is not None:
            return content
        self.manager.interrupt_kernel()
        if self.reply_to(number, GRACE) is not None:
            raise TooSlow(f"not finished after {seconds:g} s")
        raise Lost(f"not finished after {seconds:g} s, and it did not let itself be interrupted")

    def reply_to(self, number: str, seconds: float) -> dict | None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self.client.get_shell_msg(timeout=min(left, 0.3))
            except queue.Empty:
                if not self.manager.is_alive():
                    raise Lost("its process ended (a crash, too much memory, or os._exit)") from None
                continue
            if message["parent_header"].get("msg_id") == number:
                return message["content"]
        return None


def environment(folder: Path) -> dict[str, str]:
    """The environment of the kernel: this checkout's course_lib, one thread, no GPU, none of the marker's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("COURSE_", "PYTHONSTARTUP"))}
    threads = "OMP", "OPENBLAS", "MKL", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"
    one_thread = {f"{name}_THREADS" if name.startswith("TF") else f"{name}_NUM_THREADS": "1" for name in threads}
    return {**kept, **one_thread, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg",
            "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3",
            "IPYTHONDIR": str(folder / "ipython"), "TMPDIR": str(folder)}  # fmt: skip


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
