"""`make lab`: JupyterLab, an extra, serves the notebooks of this checkout with this Python."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.tools import ROOT, missing

pytestmark = [pytest.mark.more, pytest.mark.slow]


@pytest.fixture
def server(tmp_path):
    """What the server says of itself, while it runs: its address and its token among other things."""
    if importlib.util.find_spec("jupyterlab") is None:
        missing("JupyterLab is not installed; make test-all installs it")
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"allow_root": True, "port": 0}}))
    folders = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"), str(tmp_path))
    environment = {**os.environ, **folders, "BROWSER": "true", "PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-m", "course_lib.cli", "lab"]
        # A group of its own: the command starts JupyterLab as a child, which would outlive it.
        options = {"start_new_session": True} if os.name == "posix" else {}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, **options)
        try:
            while not (found := [path for path in tmp_path.glob("jpserver-*.json") if path.stat().st_size]):
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.2)
            yield json.loads(found[0].read_text())
        finally:
            os.killpg(process.pid, signal.SIGTERM) if os.name == "posix" else process.terminate()
            process.wait()


def ask(server: dict, path: str) -> bytes:
    with urllib.request.urlopen(f"{server['url']}{path}?token={server['token']}") as answer:
        return answer.read()


def test_the_notebooks_open_with_the_courses_python(server):
    assert b"JupyterLab" in ask(server, "lab")
    assert os.path.samefile(server["root_dir"], ROOT)
    assert {"lectures", "labs"} <= {each["name"] for each in json.loads(ask(server, "api/contents"))["content"]}
    kernels = json.loads(ask(server, "api/kernelspecs"))
    assert kernels["default"] == "python3"
    assert kernels["kernelspecs"]["python3"]["spec"]["language"] == "python"
