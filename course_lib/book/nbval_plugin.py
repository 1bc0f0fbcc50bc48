"""A pytest plug-in for nbval: compare images too, and start kernels as `execute` does.

nbval leaves images out of its comparison; ours are drawn the same way every time.
"""

import pytest
from jupyter_client.connect import ConnectionFileMixin

from course_lib.common.kernel import TRANSPORT

ConnectionFileMixin.transport.default_value = TRANSPORT  # nbval has no option for it


@pytest.hookimpl
def pytest_collection_modifyitems(items):
    for notebook in {item.parent for item in items}:
        if hasattr(notebook, "skip_compare"):
            notebook.skip_compare = tuple(
                key for key in notebook.skip_compare if key not in ("image/png", "image/jpeg")
            )
