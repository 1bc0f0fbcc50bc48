"""A pytest plug-in for nbval: compare images too, and start kernels as `execute` does.

nbval leaves images out of its comparison; ours are drawn the same way every time. Nor has it an option for how a kernel
is started and spoken to.
"""

import contextlib
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from nbval import kernel as nbval_kernel

from course_lib.common.launch import connection, running_interpreter


def pytest_configure(config):
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    where = stack.enter_context(connection(Path.cwd()))
    manager = running_interpreter(KernelManager)
    nbval_kernel.KernelManager = lambda **_: manager(**where)


@pytest.hookimpl
def pytest_collection_modifyitems(items):
    for notebook in {item.parent for item in items}:
        if hasattr(notebook, "skip_compare"):
            notebook.skip_compare = tuple(
                key for key in notebook.skip_compare if key not in ("image/png", "image/jpeg")
            )
