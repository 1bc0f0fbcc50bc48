"""Several machines, played by processes: equal results, differing workers, and everything that may go away."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from course_lib.book.execute import Job
from course_lib.book.pages import Page
from course_lib.book.run import executions, run
from course_lib.checks.labs import LABS
from course_lib.cluster import ENDED, Cluster
from course_lib.common import worker
from course_lib.common.errors import CourseError, LostCluster
from course_lib.common.files import digest_json
from course_lib.marking.collect import submission
from course_lib.marking.elsewhere import mark_elsewhere, mark_there
from course_lib.marking.errors import VoidedRun
from tests.book.conftest import make_checkout
from tests.tools import ROOT, elsewhere

pytestmark = pytest.mark.slow

LONG = 120  # seconds for what takes two


@pytest.fixture
def checkout(tmp_path):
    return make_checkout(tmp_path)


def wait_for(condition: Callable, what: str):
    deadline = time.monotonic() + LONG
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: waited for {LONG} s"
        time.sleep(0.05)
    return value


class Machines:
    """A scheduler and workers, each started as the guide says, each a process group of its own."""

    def __init__(self, folder: Path, line: str = "scheduler --host 127.0.0.1 --port 8786 --no-dashboard"):
        self.folder, self.started = folder, []
        self.file = folder / "scheduler.json"
        self.scheduler = self.start(
            *line.replace("--port 8786", "--port 0").split(), "--scheduler-file", str(self.file)
        )
        wait_for(lambda: self.file.is_file() and self.file.read_text().endswith("}"), "a scheduler")
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, *arguments: str, root: Path = ROOT) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(root), "DASK_LOGGING__DISTRIBUTED": "critical"}
        self.started.append(subprocess.Popen(
            command, cwd=self.folder, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ))  # fmt: skip
        return self.started[-1]

    def worker(self, name: str, root: Path = ROOT) -> None:
        """A worker; with a nanny, which starts a new one when it ends."""
        self.start(
            "worker",
            self.address,
            "--host",
            "127.0.0.1",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--name",
            name,
            root=root,
        )

    def wait_for_workers(self, n: int) -> None:
        from distributed import Client

        with Client(self.address) as client:
            client.wait_for_workers(n, timeout=LONG)

    def cluster(self, patience: float = LONG) -> Cluster:
        self.said: list[str] = []
        return Cluster(self.address, say=self.said.append, patience=patience)

    def release(self, go: Path, n_refusals: int) -> None:
        """Let a job go on when so many workers are refused, and in the end anyway: then the test fails."""
        try:
            wait_for(lambda: len(self.said) >= n_refusals, "refusals")
        finally:
            go.touch()

    def end(self) -> None:
        """A nanny puts its worker into a group of its own, so the whole family is looked up."""
        family = [member for process in self.started if process.poll() is None
                  for member in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True))]  # fmt: skip
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        for process in self.started:
            process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two workers that may end: their nannies start new ones."""
    made = Machines(tmp_path_factory.mktemp("machines"))
    made.worker("anna")
    made.worker("ben")
    yield made
    made.end()


@pytest.fixture
def new_machines(tmp_path):
    made = Machines(tmp_path)
    yield made
    made.end()


def other_library(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "course_lib", folder / "course_lib", ignore=ignored)
    shutil.copy(ROOT / "requirements.txt", folder)
    if (ROOT / "weights").is_dir():
        shutil.copytree(ROOT / "weights", folder / "weights")
    return folder


# Jobs for `eval`, which every worker has. The function is the job's; what travels is its bytes.
DIE = "__import__('os').kill(__import__('os').getpid(), 9)"
HOLD = "[open({place!r}, 'w').write(str(__import__('os').getpid())), __import__('time').sleep(600)]"
UNTIL = "([__import__('time').sleep(0.05) for _ in iter(lambda: __import__('os').path.exists({place!r}), True)], 'gone on')[1]"


def given_up(task, problem: str) -> tuple:
    return task, problem


# ---- What stands at the end is what one machine makes ------------------------------------------------------


def content(path: Path) -> list:
    """Cells and outputs, without papermill's times. What a stream says may come in one piece or in several."""
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        outputs = cell.get("outputs", [])
        said = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
        shown = [output for output in outputs if output["output_type"] != "stream"]
        found.append((cell["source"], cell.get("execution_count"), said, shown))
    return found


def test_pages_by_two_workers_are_those_by_two_jobs(checkout):
    """And their entries in the cache are those of a local run, so nobody needs a cluster to find them unchanged."""
    code = "import numpy as np\nx = np.random.default_rng(0).normal(size=(300, 300))\nprint(repr((x @ x.T).sum()))"
    names = [
        checkout.add_page("sum", code),
        checkout.add_page("plot", "import matplotlib.pyplot as plt\nplt.plot([1, 3])\nplt.show()"),
    ]
    checkout.course("sync")
    assert "2 executed, 0 unchanged, 0 failed" in checkout.course("run", "--jobs", "2").stdout
    executed = [checkout.root / f"_build/executed/{name}.ipynb" for name in names]
    local = [content(path) for path in executed]
    keys = [json.loads(path.with_suffix(".json").read_text())["key"] for path in executed]
    shutil.rmtree(checkout.root / "_build")
    result = checkout.course("run", "--cluster", "local:2")
    assert "2 executed, 0 unchanged, 0 failed" in result.stdout
    assert result.stderr == ""
    assert [content(path) for path in executed] == local
    assert [json.loads(path.with_suffix(".json").read_text())["key"] for path in executed] == keys
    assert "0 executed, 2 unchanged, 0 failed" in checkout.course("run", "--cluster", "nobody-is-asked").stdout


def test_marks_by_two_workers_are_those_by_two_jobs(tmp_path):
    other_library(tmp_path)
    for name in ("labs/solutions/02_activations", "labs/02_activations"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"{name}.ipynb", tmp_path / f"{name}.ipynb")
    (tmp_path / "labs/none.ipynb").write_text("{}")
    environment = {**os.environ, "PYTHONPATH": ""}
    marks, said = [], []
    for where in (["--jobs", "2"], ["--cluster", "local:2"]):
        command = [
            sys.executable,
            "-m",
            "course_lib.cli",
            "check",
            "labs",
            "--seed",
            "5",
            "--report",
            where[0][2:],
            *where,
        ]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 1 and result.stderr == "", result.stderr
        marks.append((tmp_path / where[0][2:] / "marks.json").read_text())
        said.append([line for line in result.stdout.splitlines() if not line.startswith("marked ")])
    assert marks[0] == marks[1] and said[0] == said[1]
    assert [mark["passed"] for mark in json.loads(marks[1])] == [False, False, True]
    assert said[1][-1] == "1 of 3 submissions are complete and right"


def test_pages_that_measure_time_stay_on_this_machine(checkout):
    pages = []
    for name, header in (("timer", "alone: true"), ("other", "")):
        page = checkout.add_page(name, course=header)
        pages.append(Page(page, checkout.read(f"{page}.md")))
    sent: list[Job] = []

    def pool(function, tasks, give_up):
        sent.extend(tasks)
        return [give_up(task, "not done") for task in tasks]

    seen = {
        executed.name: executed.problem for executed, _ in executions(checkout.project, pages, "quick", 2, None, pool)
    }
    assert [job.name for job in sent] == [pages[1].name]
    assert seen == {pages[0].name: None, pages[1].name: "not done"}
    assert "PATH" not in sent[0].environment  # the settings travel, and nothing else of this machine


# ---- A worker proves itself first --------------------------------------------------------------------------


def test_a_worker_with_another_library_is_named_and_not_used(new_machines, tmp_path):
    changed, without = tmp_path / "changed", tmp_path / "without"
    for folder in (changed, without):
        folder.mkdir()
        other_library(folder)
    with (changed / "course_lib/devices.py").open("a") as file:
        file.write("# one line more\n")
    (without / "course_lib/common/worker.py").unlink()
    new_machines.worker("changed", changed)
    new_machines.worker("without", without)
    new_machines.wait_for_workers(2)
    with new_machines.cluster() as pool, pytest.raises(CourseError, match="none of the workers at .* can be used"):
        list(pool(eval, ["1 + 1"], given_up))
    new_machines.worker("good")
    new_machines.wait_for_workers(3)
    go = tmp_path / "go"
    both = threading.Thread(target=new_machines.release, args=(go, 2))
    with new_machines.cluster() as pool:
        both.start()
        where = "__import__('course_lib').__file__"
        assert set(pool(eval, [UNTIL.format(place=str(go)), where, where], given_up)) == {
            "gone on", str(ROOT / "course_lib/__init__.py")
        }  # fmt: skip
    said = {line.split("(")[1].split(")")[0]: line.partition("): ")[2] for line in new_machines.said}
    assert said["changed"] == "course_lib/devices.py differs"
    assert said["without"].startswith("it has no course_lib like this one (ModuleNotFoundError")


def test_a_compiled_file_that_a_submission_leaves_behind_is_seen(new_machines, tmp_path):
    """It writes one and ends its worker; the next worker at that place would load it, and is not used."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        new_machines.worker(name, other_library(tmp_path / name))
    left, go = tmp_path / "left", tmp_path / "go"
    evil = f"open(__import__('course_lib').__path__[0] + '/evil.pyc', 'w').close(), open({str(left)!r}, 'w'), {DIE}"
    job = f"{UNTIL.format(place=str(go))} if __import__('os').path.exists({str(left)!r}) else ({evil})"
    new_machines.wait_for_workers(2)
    pool = new_machines.cluster()
    pool.asked = ("compiled",)
    threading.Thread(target=new_machines.release, args=(go, 1)).start()
    with pool:
        assert list(pool(eval, [job], given_up)) == ["gone on"]
    assert [line.partition("): ")[2] for line in new_machines.said] == ["the state of compiled files differs"]


def test_differences_are_said_in_words():
    ours = {
        "Python": "3.11.7",
        "processor": "a",
        "numpy": "2.4.6",
        "scipy": "1",
        "course_lib/a.py": "0",
        worker.LOADED: "0",
    }
    assert worker.differences(ours, ours) == ""
    assert (
        worker.differences({**ours, "Python": "3.12.1", "numpy": "2.4.5"}, ours)
        == "Python 3.12.1 in place of 3.11.7, numpy 2.4.5 in place of 2.4.6"
    )
    assert worker.differences({**ours, "processor": "b"}, ours) == "another kind of processor, with other last digits"
    assert (
        worker.differences({**ours, worker.LOADED: "1"}, ours)
        == "it was started before its course_lib changed (start it again)"
    )
    less = {name: value for name, value in ours.items() if name != "scipy"}
    assert worker.differences(less, ours) == "scipy is missing there"
    assert worker.differences(ours, less) == "scipy is only there"
    many = {**ours, **{f"course_lib/{name}.py": "1" for name in "abcde"}, worker.LOADED: "1"}
    assert (
        worker.differences(many, ours)
        == "course_lib/a.py differs, course_lib/b.py is only there, course_lib/c.py is only there, 2 more"
    )


def test_a_proof_holds_what_results_depend_on(tmp_path, monkeypatch):
    proof = worker.proof(("processor",))
    assert proof["course_lib/cluster.py"] and proof["numpy"] == worker.version("numpy")
    assert proof["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert not [name for name in proof if "__pycache__" in name]
    (tmp_path / "train.npz").write_bytes(b"12345")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert worker.proof(("data",))["COURSE_DATA/train.npz"] == "5"


def test_a_process_that_is_no_longer_what_it_proved_does_no_job():
    work = worker.pickle.dumps((eval, "1 + 1"))
    proved = digest_json(worker.proof())
    assert worker.perform(work, proved, (), "token") == 2
    assert worker.perform(work, "another", (), "token") == worker.Refusal()
    full = worker.pickle.dumps((exec, "raise OSError(28, 'No space left on device')"))
    assert worker.perform(full, proved, (), "token").problem == "[Errno 28] No space left on device"
    with pytest.raises(CourseError, match="FileNotFoundError: .* '/nowhere'"):  # one of the job, not of the machine
        worker.perform(worker.pickle.dumps((open, "/nowhere")), proved, (), "token")
    assert worker.CURRENT == {}


# ---- What may go away --------------------------------------------------------------------------------------


def test_the_job_of_a_killed_worker_is_done_by_another(machines, tmp_path):
    place = tmp_path / "pid"
    first = f"'done again' if __import__('os').path.exists({str(place)!r}) else {HOLD.format(place=str(place))}"

    def kill() -> None:
        os.kill(int(wait_for(lambda: place.is_file() and place.read_text(), "a job at work")), signal.SIGKILL)

    threading.Thread(target=kill).start()
    with machines.cluster() as pool:
        assert sorted(pool(eval, [first, "'one'", "'two'"], given_up)) == ["done again", "one", "two"]
    assert machines.said == []


def test_a_job_that_ends_every_worker_is_reported_and_the_others_go_on(machines):
    with machines.cluster() as pool:
        found = list(pool(eval, ["'one'", DIE, "'two'", "'three'"], given_up))
    assert sorted(map(str, found)) == sorted(["one", "two", "three", str((DIE, ENDED))])


def test_an_error_of_a_job_is_raised_here(machines):
    with machines.cluster() as pool, pytest.raises(ZeroDivisionError):
        list(pool(eval, ["1 / 0"], given_up))


def test_whoever_stops_ends_the_jobs_too(machines, tmp_path):
    """A kernel is a child of the worker: it is killed, and the worker is free for the next run."""
    place = tmp_path / "pid"
    code = f"import os, time; open({str(place)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    hold = f"__import__('subprocess').run([{sys.executable!r}, '-c', {code!r}]).returncode"
    with machines.cluster() as pool:
        results = pool(eval, [hold, "'quick'"], given_up)
        assert next(results) == "quick"
        child = int(wait_for(lambda: place.is_file() and place.read_text(), "a child"))
    wait_for(lambda: not psutil.pid_exists(child), "the end of the child")
    with machines.cluster() as pool:
        assert list(pool(eval, ["'next'"], given_up)) == ["next"]


def test_a_scheduler_that_goes_away_is_one_sentence(new_machines, tmp_path):
    new_machines.worker("anna")
    with new_machines.cluster() as pool:
        results = pool(eval, ["'done'", HOLD.format(place=str(tmp_path / "pid"))], given_up)
        assert next(results) == "done"
        new_machines.scheduler.kill()
        with pytest.raises(LostCluster) as lost:
            next(results)
    assert (
        str(lost.value)
        == pool.lost
        == (
            f"the scheduler at {new_machines.address} went away; 1 of 2 jobs were done and are kept, "
            "the same command does the others"
        )
    )


def test_without_a_worker_nobody_waits_for_ever(new_machines):
    with (
        new_machines.cluster(patience=0) as pool,
        pytest.raises(LostCluster, match="no worker that can be used .* for 0 s; 0 of 1"),
    ):
        list(pool(eval, ["1"], given_up))


def test_what_is_done_before_the_cluster_is_lost_is_kept(checkout, tmp_path):
    pages = [Page(page, checkout.read(f"{page}.md")) for page in (checkout.add_page("one"), checkout.add_page("two"))]

    def pool(function, tasks, give_up):
        yield function(tasks[0])
        raise LostCluster("lost")

    with pytest.raises(LostCluster):
        run(checkout.project, pages, pool=pool)
    kept = [page for page in pages if (checkout.root / f"_build/executed/{page.name}.json").is_file()]
    assert len(kept) == 1
    assert run(checkout.project, kept).reused == [kept[0].name]

    content = (ROOT / "labs/solutions/02_activations.ipynb").read_bytes()
    results = mark_elsewhere([submission("anna", content), submission("ben", content)], LABS, pool)
    assert results[0].passed and (results[0].name, results[0].n_right) == ("anna", 6)
    assert results[1].problem == "not marked: the cluster was lost before" and not results[1].passed


def test_marks_of_a_changed_library_void_the_run(monkeypatch):
    task = 0, submission("anna", b"{}"), LABS, 1, 2, 4
    assert mark_there(task)[1].problem.startswith("not a notebook")
    monkeypatch.setattr("course_lib.marking.elsewhere.digest", lambda folder: "another")
    with pytest.raises(VoidedRun, match="course_lib was changed while submissions ran"):
        mark_there(task)


# ---- The command -------------------------------------------------------------------------------------------


def test_a_wrong_address_is_one_sentence(checkout):
    checkout.add_page("page")
    checkout.course("sync")
    cases = {
        "127.0.0.1:9": "127.0.0.1:9: no Dask scheduler answers there",
        "somewhere": "somewhere: no Dask scheduler answers there (missing port number",
        "local:none": "--cluster local:none: write how many workers this machine shall have",
        "local:2 --jobs=2": "choose --jobs or --cluster",
    }
    for arguments, said in cases.items():
        result = checkout.course("run", "--cluster", *arguments.split(), check=False)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(f"error: {said}") and result.stderr.count("\n") == 1


def test_a_worker_is_not_taken_for_the_scheduler(machines):
    with machines.cluster() as pool:
        address = next(pool(eval, ["__import__('distributed').get_worker().address"], given_up))
    with pytest.raises(CourseError, match="a Dask worker answers there, and not the scheduler"):
        list(Cluster(address)(eval, ["1"], given_up))


def test_without_dask_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CourseError, match="needs Dask; install it once, .*: python3 -m course_lib setup --cluster"):
        list(Cluster("local:2")(eval, ["1"], given_up))


def test_control_c_leaves_no_process_behind(checkout):
    """As a terminal does it: every process of the group gets the signal. Kernels are in groups of their own."""
    place = checkout.root / "pid"
    checkout.add_page("hangs", f"import os, time\nopen({str(place)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    checkout.add_page("hangs_too", "import time\ntime.sleep(600)")
    checkout.course("sync")
    command = checkout.command("run", "--cluster", "local:2")
    process = subprocess.Popen(
        command, cwd=checkout.root, env=checkout.environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: place.is_file() and place.read_text(), "a page at work")
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 4  # two workers, two kernels
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=LONG)
    assert process.returncode != 0 and "Traceback" not in said[1], said
    _, alive = psutil.wait_procs(family, timeout=LONG)
    assert alive == []


def test_the_guide_starts_three_machines(tmp_path):
    """Its own commands, on three addresses of this machine; only how many processes each starts is less."""
    if sys.platform != "linux":
        elsewhere("only Linux has 127.0.0.2")
    guide = (ROOT / "about/cluster.md").read_text(encoding="utf-8")
    made = Machines(tmp_path, *dask_lines(guide, "scheduler"))
    try:
        port = made.address.rpartition(":")[2]
        lines = dask_lines(guide, "worker")
        assert len(lines) == 3
        for line in lines:
            made.start(*line.replace(":8786", f":{port}").replace("--nworkers -1", "--nworkers 1").split())
        made.wait_for_workers(3)
        with made.cluster() as pool:
            where = "(__import__('distributed').get_worker().address, __import__('time').sleep(1))[0].split(':')[1]"
            assert set(pool(eval, [where] * 9, given_up)) <= {"//127.0.0.1", "//127.0.0.2", "//127.0.0.3"}
    finally:
        made.end()


def dask_lines(guide: str, kind: str) -> list[str]:
    """What stands behind `dask` in the guide's plain commands, with addresses of this machine."""
    guide = guide.replace("\\\n", "")  # one command on several lines
    found = re.findall(rf"\.venv/bin/dask ({kind} .*?)'?$", guide, re.MULTILINE)
    return [line.replace("10.0.0.", "127.0.0.") for line in found if "tls" not in line]
