"""The kernel of one submission: what it may use, and what it says when it ends."""

import inspect
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from course_lib import cli
from course_lib.checks.labs import LABS
from course_lib.marking import session as sessions
from course_lib.marking.plain import decode
from course_lib.marking.session import MEMORY, CellError, Killed, Lost, Missing, Session, Starved, TooSlow

USES = "def uses(gigabytes):\n    import numpy as np\n    return float(np.ones(int(gigabytes * 125e6)).sum()) > 0"


@pytest.mark.skipif(sys.platform != "linux", reason="not for this machine: only Linux limits the memory of a process")
def test_the_limit_is_the_memory_asked_for():
    """Both sizes fit the machine: what stops the larger one is the limit."""
    with Session(LABS.remote, seconds=60, memory=0.6) as session:
        assert session.run(USES) is None
        assert session.call("uses")([0.2])["value"] is True
        assert session.call("uses")([0.6])["raised"].endswith("MemoryError")
        assert session.call("uses")([0.2])["value"] is True


def test_the_command_has_the_same_limit():
    assert inspect.signature(cli.check).parameters["memory"].default == MEMORY


# ---- What became of a cell or a call -------------------------------------------------------------------


def test_a_cell_says_what_it_raised_in_one_line():
    with Session(LABS.remote) as session:
        assert session.run("x = 1") is None
        assert session.run("1 / 0") == CellError("ZeroDivisionError", "division by zero")
        assert session.run("y = z") == CellError("NameError", "name 'z' is not defined")
        assert session.run("y = z").missing_name == "z" and session.run("1 / 0").missing_name == ""
        assert str(session.run("raise ValueError('one\\n\\x1b[2Jtwo')")) == "ValueError: one  [2Jtwo"
        assert str(session.run("raise KeyboardInterrupt")) == "KeyboardInterrupt"
        assert str(session.run("x = 1\ndef f(x, y:\n    pass")) == "SyntaxError: '(' was never closed (line 2)"
        assert session.run("import os\nimport nothing_of_this_name\nx = 2").kind == "ModuleNotFoundError"
        assert session.call("x")(None)["value"] == 1
        with pytest.raises(Missing):
            session.call("y")(None)


def test_how_the_code_ended_is_told_apart():
    with Session(LABS.remote, seconds=1) as session:
        with pytest.raises(TooSlow, match="not finished after 3 s"):
            session.run("import time\ntime.sleep(60)")
        assert session.run("x = 1") is None
        with pytest.raises(Lost, match="a crash, too much memory, or os._exit"):
            session.run("import os\nos._exit(0)")
    if os.name != "nt":
        with Session(LABS.remote) as session, pytest.raises(Killed, match="most likely because memory ran out"):
            session.run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")


# ---- A busy machine ------------------------------------------------------------------------------------

# By the processor's own clock, so that it is the same work on any machine, however busy.
WORKS = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end:\n    pass"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="not for this machine: only Linux sets the affinity of a process")
def test_kernels_that_share_a_processor_get_the_time_that_each_takes():
    """Five cells, each with two of the three seconds that it may take, on one processor: ten and more on the clock."""
    process = psutil.Process()
    spared, mine = process.cpu_affinity(), process.cpu_affinity()[:1]

    def work(_) -> CellError | None:
        with Session(LABS.remote, seconds=1) as session:
            return session.run(WORKS.format(seconds=2))

    try:
        process.cpu_affinity(mine)
        with ThreadPoolExecutor(5, initializer=lambda: os.sched_setaffinity(0, mine)) as pool:
            assert list(pool.map(work, range(5))) == [None] * 5
    finally:
        process.cpu_affinity(spared)


def test_more_than_its_time_is_too_slow_all_the_same():
    with Session(LABS.remote, seconds=1) as session, pytest.raises(TooSlow):
        session.run(WORKS.format(seconds=1000))


def test_who_gets_no_processor_for_long_is_not_to_blame(monkeypatch):
    """The watch of a process that computes, a tenth of the time that it would need."""

    class Slow(sessions.Stopwatch):
        def look(self):
            return 0.09 * self.on_the_clock

    monkeypatch.setattr(sessions, "Stopwatch", Slow)
    monkeypatch.setattr(sessions, "CELL", 0.2)
    with Session(LABS.remote, seconds=1) as session, pytest.raises(Starved, match=r"got the processor for 0 of 2 s"):
        session.run("while True: pass")


def test_loading_a_lab_imports_its_declarations_and_no_other():
    with Session(LABS.remote) as session:
        session.load("02_one_neuron")
        source = "import sys\nlabs = [name for name in sorted(sys.modules) if '.lab_' in name]"
        assert session.run(source) is None
        assert session.call("labs")(None)["value"] == ["course_lib.exercises.lab_02_one_neuron"]


def test_imports_have_a_limit_of_their_own(tmp_path):
    """A module that takes longer to load than a cell may take, and a cell that does more than import it."""
    slow = tmp_path / "slow_to_load.py"
    slow.write_text("import time\ntime.sleep(4)\n")
    with Session(LABS.remote, seconds=1) as session:
        assert session.run(f"import sys\nsys.path.append({str(tmp_path)!r})") is None
        assert session.run("# a cell\nimport slow_to_load\nx = 1") is None
        assert session.call("x")(None)["value"] == 1
        with pytest.raises(TooSlow):
            session.run("x = 2\nimport sys\ndel sys.modules['slow_to_load']\nimport slow_to_load")


# ---- Which kernel, and where its sockets lie -----------------------------------------------------------


def foreign_kernel(folder: Path) -> None:
    """A kernel `python3` that is none."""
    spec = folder / "kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(
        json.dumps({"argv": ["false", "{connection_file}"], "display_name": "Not ours", "language": "python"})
    )


def test_a_foreign_kernel_of_the_same_name_is_not_started(tmp_path, monkeypatch):
    foreign_kernel(tmp_path)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.delenv("JUPYTER_PREFER_ENV_PATH", raising=False)
    with Session(LABS.remote) as session:
        assert session.run("import sys\nwhere = sys.executable") is None
        assert session.call("where")(None)["value"] == sys.executable


def test_a_long_folder_for_temporary_files_is_no_obstacle(tmp_path, monkeypatch):
    folder = tmp_path / "/".join(["a-folder-with-a-name-of-forty-characters"] * 3)
    folder.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with Session(LABS.remote) as session:
        assert session.run("import os\nhere = os.getcwd()") is None
        assert session.call("here")(None)["value"].startswith(str(folder))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("fault", ["no folder", "no module"])
def test_a_kernel_that_does_not_start_is_nobodys_fault(fault, monkeypatch, tmp_path):
    if fault == "no folder":
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    else:
        monkeypatch.setattr(sessions, "GUARD", "course_lib.marking.nothing_of_this_name")
    before = set(psutil.Process().children())
    with pytest.raises(Starved, match="its kernel did not start"), Session(LABS.remote):
        pass
    assert set(psutil.Process().children()) <= before


@pytest.mark.slow
def test_training_in_keras_and_pytorch_fits_the_limit():
    """A small convolutional network in each, in one kernel; half of the limit is more than they take."""
    with Session(LABS.remote, seconds=100, memory=MEMORY / 2) as session:
        assert session.run(TRAIN_BOTH) is None
        assert decode(session.call("losses")(None)["value"]) == pytest.approx([2.3, 2.3], abs=0.5)


TRAIN_BOTH = """\
import keras, numpy as np, torch
x, y = np.random.rand(512, 28, 28, 1).astype("float32"), np.random.randint(0, 10, 512)
layers = keras.layers
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(32, 3), layers.Flatten(), layers.Dense(10)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
losses = model.fit(x, y, epochs=2, verbose=0).history["loss"][:1]
nn = torch.nn
net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.Flatten(), nn.Linear(32 * 26 * 26, 10))
sgd = torch.optim.SGD(net.parameters(), 0.01)
loss = nn.functional.cross_entropy(net(torch.from_numpy(x).permute(0, 3, 1, 2)), torch.from_numpy(y))
loss.backward()
sgd.step()
losses.append(float(loss))
"""
