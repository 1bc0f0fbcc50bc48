"""The job: notebook text, parameters and environment in, executed notebook out. A pure function.

It runs in a process of its own and touches nothing but a temporary folder, so that any `joblib` backend can take it.
"""

import ast
import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from course_lib.book.results import assigned_names
from course_lib.common.errors import COLOUR
from course_lib.common.kernel import in_folder, kernel_environment
from course_lib.common.launch import START, connection, running_interpreter

KERNEL = "python3"  # what a page's header calls the running interpreter
SAVED_AS = "executed.ipynb"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Job:
    """One notebook to execute. Plain data, so that it travels to any process."""

    name: str
    notebook: str
    parameters: dict
    environment: dict[str, str]
    limit: float | None  # seconds for the whole notebook; None: no limit
    full: bool = False  # a full run: its outputs reach no site, so it may warn, and its results say on which machine


@dataclass(frozen=True)
class Executed:
    """What became of a job. `problem` is one line, or None for a page that passed."""

    name: str
    notebook: str  # executed as far as it came
    seconds: float
    problem: str | None = None


def execute(job: Job) -> Executed:
    """Execute one notebook from top to bottom in a fresh kernel and an empty folder."""
    # Everything heavy is imported here: the job is unpickled in a process that may never run one.
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    register_engine()
    start = time.monotonic()
    problem = None
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        source, target, work = Path(folder, "source.ipynb"), Path(folder, SAVED_AS), Path(folder, "work")
        source.write_text(job.notebook, encoding="utf-8")
        work.mkdir()  # empty: a page that reads a relative path fails here, not on the reader's machine
        try:
            papermill.execute_notebook(
                source,
                target,
                parameters=job.parameters,
                engine_name="course",
                progress_bar=False,
                start_timeout=START,
                cwd=work,
                environment=in_folder(job.environment, Path(folder)),
                deadline=None if job.limit is None else start + job.limit,
                full=job.full,
            )
        except PapermillExecutionError as error:
            problem = describe_error(error)
        except CellTimeoutError:
            problem = f"hangs: not finished after {job.limit:.0f} s; make it smaller, or look for an endless loop"
        except DeadKernelError as error:
            problem = str(error)
        except RuntimeError as error:
            problem = f"no kernel: {' '.join(str(error).split())}"
        executed = target.read_text(encoding="utf-8") if target.is_file() else job.notebook
    seconds = time.monotonic() - start
    return Executed(job.name, executed, seconds, problem or shortcoming(executed, may_warn=job.full))


def execute_there(job: Job) -> Executed:
    """The same on another machine: `environment` is the caller's settings, everything else is what that machine has."""
    settings = dict(job.environment)
    if "COURSE_DATA" in settings:
        settings["COURSE_DATA"] = os.environ["COURSE_DATA"]
    return execute(replace(job, environment=kernel_environment(ROOT, settings)))


def not_executed(job: Job, problem: str) -> Executed:
    return Executed(job.name, job.notebook, 0.0, problem)


def describe_error(error) -> str:
    """One line for an exception in a cell."""
    first = (str(error.evalue).strip().splitlines() or [""])[0]
    if error.ename == "MemoryError":
        return f"out of memory in cell {error.exec_count}: MemoryError {first}".rstrip()
    return f"cell {error.exec_count} raised {error.ename}: {first}"


def shortcoming(executed: str, may_warn: bool = False) -> str | None:
    """Why an executed notebook without an error is still not a page."""
    cells = [cell for cell in json.loads(executed)["cells"] if cell["cell_type"] == "code"]
    if any(cell["source"] and cell.get("execution_count") is None for cell in cells):
        return "stopped before its last cell (papermill takes sys.exit for success); let every cell run"
    if not any(cell.get("outputs") for cell in cells):
        return "shows nothing: no cell has an output; print or plot a result"
    for cell in cells:
        if problem := cell["metadata"].get("results", {}).get("problem"):
            return f"cell {cell['execution_count']} is tagged result: {problem}"
    for cell in [] if may_warn else cells:
        said = "".join("".join(output["text"]) for output in cell["outputs"] if output.get("name") == "stderr")
        if said and "remove-stderr" not in cell["metadata"].get("tags", []):
            return (
                f"cell {cell['execution_count']} wrote to stderr: “{first_line(said)}” Run it again: what is said only "
                "once is gone then. Else mend what it warns of, or tag the cell remove-stderr"
            )
    return None


def first_line(text: str, length: int = 160) -> str:
    line = (COLOUR.sub("", text).strip().splitlines() or ["an empty line"])[0]
    return line if len(line) <= length else f"{line[:length]} …"


def register_engine() -> None:
    """papermill's own engine, with our kernel and its environment, a deadline, the values of cells tagged `result`,
    and the reason of a kernel's death."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from traitlets.config import Config

    class Client(PapermillNotebookClient):
        def papermill_execute_cells(self):
            try:
                super().papermill_execute_cells()
            except DeadKernelError:
                raise DeadKernelError(cause_of_death(exit_status(self.km))) from None

        def execute_cell(self, cell, cell_index, **options):
            executed = super().execute_cell(cell, cell_index, **options)
            if "result" in cell.metadata.get("tags", []):
                question = {"results": values_of(cell.source)} | ({"machine": MACHINE} if self.nb_man.full else {})
                assert self.kc is not None  # a cell is executed by a kernel
                message = self.kc.execute("", silent=True, store_history=False, user_expressions=question)
                cell.metadata["results"] = answer(self.wait_for_reply(message))
            return executed

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(  # pyright: ignore[reportIncompatibleMethodOverride] - papermill hands over what we gave it
            cls, nb_man, kernel_name, environment, deadline, start_timeout, full, **_
        ):
            nb_man.full = full
            if kernel_name != KERNEL:
                raise RuntimeError(f"the page asks for {kernel_name}; write {KERNEL} into its header, and: course sync")
            with connection(Path(os.getcwd()).parent) as where:
                client = Client(
                    nb_man,
                    config=Config(KernelManager=where),
                    kernel_manager_class=running_interpreter(AsyncKernelManager),
                    kernel_name=kernel_name,
                    startup_timeout=start_timeout,
                    shutdown_kernel="immediate",  # TensorFlow would take three seconds to leave in good order
                    # The deadline belongs to the page, so each cell gets what the cells before it left.
                    timeout_func=lambda _: None if deadline is None else max(1, int(deadline - time.monotonic())),
                )
                # What native code writes past Python's streams would land in the author's terminal.
                return client.execute(env=environment, cwd=os.getcwd(), stderr=subprocess.DEVNULL)

    papermill_engines.register("course", Engine)


def values_of(source: str) -> str:
    """The expression by which a kernel tells what a cell assigned."""
    names = ", ".join(f"{name!r}: {name}" for name in assigned_names(source))
    return f"__import__('course_lib.book.collected', fromlist=['Collected']).Collected({{{names}}})"


MACHINE = "__import__('course_lib.book.collected', fromlist=['machine']).machine()"


def answer(reply: dict | None) -> dict:
    """What the kernel said, {"values": …, "machine": …} or {"problem": …}."""
    said = reply["content"].get("user_expressions", {}) if reply else {}
    if said.get("results", {}).get("status") != "ok":
        return {"problem": f"its values could not be taken; {said.get('results', {}).get('evalue', 'no answer')}"}
    found = said["results"]["data"]["application/json"]
    if not found.get("values", True):
        return {"problem": "it assigns no name; assign what is to be kept, or take the tag away"}
    machine = said.get("machine", {}).get("data", {}).get("text/plain")
    return found | ({"machine": ast.literal_eval(machine)} if machine else {})


def exit_status(kernel_manager) -> int | None:
    """Return code of the kernel's process; negative: the number of the signal that ended it."""
    process = getattr(kernel_manager.provisioner, "process", None)
    return None if process is None else process.poll()


def cause_of_death(status: int | None) -> str:
    if status == -getattr(signal, "SIGKILL", 9):
        return "kernel was killed by the system (signal 9): most likely out of memory; make the page's data smaller"
    if status is not None and status < 0:
        return f"kernel crashed (signal {-status}, {signal.Signals(-status).name}); a compiled library failed"
    return f"kernel died (exit status {status}); a cell ended its process"
