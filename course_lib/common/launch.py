"""How a kernel is started, wherever one is: the running interpreter, and sockets that its system can open.

Names of kernels are looked up nowhere. A `python3` that somebody else put on JUPYTER_PATH is not ours.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START = 300  # seconds on the clock; many kernels starting at once are slow to answer
LONGEST_SOCKET = 103  # bytes of its path, on macOS; Linux has four more
SHORT_FOLDER = Path("/tmp")
NAME = "kernel.json"


@contextlib.contextmanager
def connection(folder: Path) -> Iterator[dict[str, str]]:
    """The transport and the connection file of one kernel, as a `KernelManager` takes them.

    Two kernels that start at the same moment may draw the same TCP port, and one of them dies; sockets that are files
    have names of their own. They lie in the folder, or, where its path is too long, in one with a shorter path. Where
    there is no such folder, and on Windows, which has no such sockets, ports have to do.
    """
    with contextlib.ExitStack() as stack:
        transport = "tcp" if os.name == "nt" else "ipc"
        if transport == "ipc" and not fits(folder):
            try:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="course-", dir=SHORT_FOLDER)))
            except OSError:
                transport = "tcp"
        yield {"transport": transport, "connection_file": str(folder / NAME)}


def fits(folder: Path) -> bool:
    """Are paths of sockets in the folder short enough? Jupyter numbers them behind the name of the file."""
    longest = f"{Path(os.path.realpath(folder), NAME).with_suffix('')}-ipc-10"
    return len(os.fsencode(longest)) <= LONGEST_SOCKET


def running_interpreter(manager: type, module: str = "ipykernel_launcher") -> Any:
    """A class of kernel managers, made from one of `jupyter_client`'s, whose kernels are this Python.

    module: what it runs as `python -m`; it takes `-f` and the connection file.
    """
    from jupyter_client.kernelspec import KernelSpec

    command = [sys.executable, "-m", module, "-f", "{connection_file}"]
    spec = KernelSpec(argv=command, display_name="Python 3", language="python")
    return type("RunningInterpreter", (manager,), {"kernel_spec": property(lambda self: spec)})
