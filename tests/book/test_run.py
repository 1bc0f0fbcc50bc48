"""Failures of every kind: each named, none stops the others."""

import json
import os
import sys

import pytest

from course_lib.book.execute import Job, cause_of_death, execute, shortcoming
from course_lib.book.pages import Page
from course_lib.book.run import executions, run, side_by_side
from course_lib.book.validate import Replay, replay
from course_lib.common.cpus import usable_cpus
from course_lib.common.errors import CourseError
from course_lib.common.kernel import kernel_environment, kernel_settings


def job(checkout, code: str, limit: float | None = 100, parameters: dict | None = None) -> Job:
    page = checkout.add_page("page", code)
    notebook = Page(page, checkout.read(f"{page}.md")).ipynb
    return Job(page, notebook, parameters or {}, kernel_environment(checkout.root, kernel_settings(1)), limit)


def test_a_page_runs_with_its_parameters_environment_and_an_empty_folder(checkout):
    code = "import os\nprint(n_steps, os.environ['OMP_NUM_THREADS'], os.listdir('.'), os.environ.get('COURSE_DATA'))"
    executed = execute(job(checkout, code, parameters={"n_steps": 7}))
    assert executed.problem is None
    assert "7 1 [] None" in executed.notebook
    assert json.loads(executed.notebook)["metadata"]["papermill"]["duration"] > 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1 / 0", "cell 3 raised ZeroDivisionError: division by zero"),
        ("raise MemoryError('a tensor')", "out of memory in cell 3: MemoryError a tensor"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed by the system (signal 9): most likely out of memory"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "kernel crashed (signal 11, SIGSEGV)"),
        ("import os\nos._exit(3)", "kernel died (exit status 3)"),
        ("import sys\nprint('bye')\nsys.exit(0)", "stopped before its last cell"),
        ("n_steps + 1;", "shows nothing: no cell has an output"),
    ],
)  # fmt: skip
def test_a_failure_is_named(checkout, code, expected):
    executed = execute(job(checkout, code))
    assert expected in (executed.problem or "")


def test_the_notebook_of_a_failure_keeps_its_traceback(checkout):
    executed = execute(job(checkout, "print('so far')\n1 / 0"))
    cells = json.loads(executed.notebook)["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert any("so far" in "".join(output.get("text", "")) for output in outputs)
    assert any(output["output_type"] == "error" and output["ename"] == "ZeroDivisionError" for output in outputs)


def test_a_kernel_is_ended_at_once_and_leaves_no_temporary_files(checkout, tmp_path):
    """The exit hooks of a page do not run; what `tempfile` made is gone all the same."""
    hook = tmp_path / "hook"
    code = f"import atexit, tempfile\natexit.register(open, {str(hook)!r}, 'w')\nprint('in', tempfile.mkdtemp())"
    executed = execute(job(checkout, code))
    assert executed.problem is None
    outputs = [output for cell in json.loads(executed.notebook)["cells"] for output in cell.get("outputs", [])]
    made = next("".join(output["text"]) for output in outputs if "text" in output).split()[1]
    assert not os.path.exists(made) and not hook.exists()


def test_a_hanging_page_is_ended_at_its_deadline(checkout):
    executed = execute(job(checkout, "while True:\n    pass", limit=4))
    assert executed.problem.startswith("hangs: not finished after 4 s")


def test_the_deadline_belongs_to_the_page_not_to_the_cell(checkout):
    """Two cells of three seconds pass a limit of five each, and fail it together."""
    cell = "import time\ntime.sleep(3)\nprint(1)"
    executed = execute(job(checkout, f"{cell}\n```\n\n```{{code-cell}} ipython3\n{cell}", limit=5))
    assert "hangs" in (executed.problem or "")


def test_a_page_for_another_kernel_is_refused(checkout):
    other = job(checkout, "print(1)")
    notebook = other.notebook.replace('"name": "python3"', '"name": "no-such-kernel"')
    # papermill has to know how parameters are written for it; its language says that.
    executed = execute(Job(other.name, notebook, {}, other.environment, 100))
    assert "no-such-kernel" in executed.problem and "write python3 into its header" in executed.problem


def test_a_foreign_kernel_of_the_same_name_is_not_started(checkout, tmp_path, monkeypatch):
    """Neither for the run nor for its repetition."""
    spec = tmp_path / "jupyter/kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["false", "{connection_file}"], "display_name": "-", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    task = job(checkout, "import sys\nprint(sys.executable)")
    executed = execute(task)
    assert executed.problem is None and sys.executable in executed.notebook
    assert replay(Replay(task.name, executed.notebook, task.environment)) == (task.name, "")


def test_a_long_folder_for_temporary_files_is_no_obstacle(checkout, tmp_path, monkeypatch):
    folder = tmp_path / "/".join(["a-folder-with-a-name-of-forty-characters"] * 3)
    folder.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    task = job(checkout, "import os\nprint(os.getcwd().split('/course-')[0], os.path.basename(os.getcwd()))\nprint(1)")
    executed = execute(task)
    assert executed.problem is None and f"{folder} work" in executed.notebook
    task = job(checkout, "import tempfile\nprint(len(tempfile.gettempdir()) > 107)")
    executed = execute(task)
    assert replay(Replay(task.name, executed.notebook, task.environment)) == (task.name, "")
    assert list(folder.iterdir()) == []


def test_the_repetition_speaks_to_its_kernel_as_the_run_did(checkout):
    code = "import json\nfrom ipykernel.connect import get_connection_info\nprint(json.loads(get_connection_info())['transport'])"
    task = job(checkout, code)
    executed = execute(task)
    assert ("ipc" in executed.notebook) == (os.name != "nt")
    assert replay(Replay(task.name, executed.notebook, task.environment)) == (task.name, "")


def test_causes_of_death():
    assert "out of memory" in cause_of_death(-9)
    assert "signal 6, SIGABRT" in cause_of_death(-6)
    assert "exit status None" in cause_of_death(None)


def test_a_page_without_an_executed_cell_is_no_page():
    cell = {"cell_type": "code", "source": "x", "execution_count": None, "outputs": []}
    assert "stopped before" in shortcoming(json.dumps({"cells": [cell]}))
    assert "shows nothing" in shortcoming(json.dumps({"cells": [cell | {"execution_count": 1}]}))


def test_failures_do_not_stop_the_others_and_are_all_listed(checkout):
    names = [checkout.add_page("good"), checkout.add_page("better")]
    bad = [checkout.add_page("divides", "1 / 0"), checkout.add_page("dies", "import os\nos._exit(1)")]
    checkout.course("sync")
    result = checkout.course("run", "--jobs", "2", check=False)
    assert result.returncode == 1
    assert "2 executed, 0 unchanged, 2 failed" in result.stdout
    for name in bad:
        assert f"error: {name}.ipynb: " in result.stderr
        assert (checkout.root / f"_build/failed/{name}.ipynb").is_file()
    for name in names:
        assert (checkout.root / f"_build/executed/{name}.ipynb").is_file()
    checkout.replace(f"{bad[0]}.md", "1 / 0", "print(1 / 1)")
    checkout.replace(f"{bad[1]}.md", "os._exit(1)", "print(os.name)")
    checkout.course("sync")
    assert "2 executed, 2 unchanged, 0 failed" in checkout.course("run").stdout
    assert not (checkout.root / f"_build/failed/{bad[0]}.ipynb").exists()  # mended, so no longer kept


def test_results_do_not_depend_on_how_many_run_at_once(checkout):
    code = "import numpy as np\nx = np.random.default_rng(0).normal(size=(300, 300))\nprint(repr((x @ x.T).sum()))"
    pages = []
    for name in ("one", "two", "three"):
        page = checkout.add_page(name, code)
        pages.append(Page(page, checkout.read(f"{page}.md")))
    run(checkout.project, pages, jobs=1)
    printed = [outputs(checkout, page.name) for page in pages]
    for page in pages:
        (checkout.root / f"_build/executed/{page.name}.json").unlink()
    report = run(checkout.project, pages, jobs=3)
    assert sorted(report.executed) == sorted(page.name for page in pages)
    assert [outputs(checkout, page.name) for page in pages] == printed


def outputs(checkout, name: str) -> list:
    cells = json.loads(checkout.read(f"_build/executed/{name}.ipynb"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]


def test_pages_that_measure_time_run_last_alone_and_on_all_cores(checkout):
    show = "import os\nprint('threads', os.environ['OMP_NUM_THREADS'])"
    pages = []
    for name, header in (("timer", "alone: true"), ("first", ""), ("second", "")):
        page = checkout.add_page(name, show, course=header)
        pages.append(Page(page, checkout.read(f"{page}.md")))
    seen = [(o.name.rsplit("/")[-1], threads) for o, threads in executions(checkout.project, pages, "quick", 2, None)]
    assert seen[-1] == ("timer", usable_cpus())
    assert sorted(seen[:2]) == [("first", 1), ("second", 1)]
    report = run(checkout.project, pages)
    assert not report.failed
    assert f"threads {usable_cpus()}" in checkout.read(f"_build/executed/{pages[0].name}.ipynb")


def test_the_longest_page_starts_first(checkout, monkeypatch):
    started = []
    monkeypatch.setattr(
        "course_lib.book.run.side_by_side", lambda f, tasks, jobs: started.extend(t.name for t in tasks) or []
    )
    monkeypatch.setattr(
        "course_lib.book.run.last_seconds", lambda project, name, profile: {"a": 3.0, "b": 20.0}.get(name[-1])
    )
    pages = []
    for name in ("a", "b", "new", "newer"):
        more = "\n```\n\n```{code-cell} ipython3\nprint(2)" if name == "newer" else ""
        page = checkout.add_page(name, "print(1)" + more)
        pages.append(Page(page, checkout.read(f"{page}.md")))
    list(executions(checkout.project, pages, "quick", 2, None))
    assert [name.rsplit("/")[-1] for name in started] == ["newer", "new", "b", "a"]


def test_an_unknown_profile_is_refused(checkout):
    with pytest.raises(CourseError, match="medium: no such profile; choose quick or full"):
        run(checkout.project, [], "medium")


def test_side_by_side_keeps_every_result():
    assert sorted(side_by_side(abs, [-3, -1, -2], 2)) == [1, 2, 3]
    assert list(side_by_side(abs, [-3], 8)) == [3]
    assert list(side_by_side(abs, [], 2)) == []


WARNS_ONCE = """\
import logging, pathlib
flag = pathlib.Path({flag!r})
if not flag.exists():
    flag.touch()
    logging.getLogger('matplotlib.font_manager').warning('Matplotlib is building the font cache; this may take a moment.')
print('ready', n_steps)"""


def test_a_page_that_warns_once_is_run_again_and_then_passes(checkout, tmp_path_factory):
    """Its output must not be kept: the site would refuse it for ever."""
    flag = tmp_path_factory.mktemp("machine") / "was-here"
    page = checkout.add_page("first", WARNS_ONCE.format(flag=str(flag)))
    checkout.course("sync")
    first = checkout.course("run", check=False)
    assert first.returncode == 1
    assert (
        f"error: {page}.ipynb: cell 3 wrote to stderr: “Matplotlib is building the font cache; this may take a moment.” "
        "Run it again" in first.stderr
    )
    assert "remove-stderr" in first.stderr
    assert "failed" in checkout.course("status").stdout
    assert "1 executed, 0 unchanged, 0 failed" in checkout.course("run").stdout
    assert "font cache" not in json.dumps(outputs(checkout, page))


def test_a_page_that_always_warns_always_fails_unless_it_says_so(checkout):
    page = checkout.add_page("warns", "import sys\nprint('beware', file=sys.stderr)\nprint(1)")
    checkout.course("sync")
    for _ in range(2):
        assert "wrote to stderr: “beware” Run it again" in checkout.course("run", check=False).stderr
    assert "1 executed" in checkout.course("run", "--profile", "full").stdout  # its outputs reach no site
    checkout.replace(f"{page}.md", "ipython3\nimport sys", "ipython3\n:tags: [remove-stderr]\n\nimport sys")
    checkout.course("sync")
    assert "1 executed, 0 unchanged, 0 failed" in checkout.course("run").stdout


def test_a_page_whose_library_changes_while_it_runs_is_run_again(checkout):
    """Its key is that of the text before, and its kernel may have met the text after."""
    module = checkout.write("course_lib/tiny.py", "value = 1\n")
    edit = f"from course_lib.tiny import value\nopen({str(module)!r}, 'w').write('value = 2\\n')\nprint('seen', value)"
    page = checkout.add_page("page", edit)
    other = checkout.add_page("other")
    pages = [Page(name, checkout.read(f"{name}.md")) for name in (page, other)]
    report = run(checkout.project, pages, jobs=1)
    assert list(report.failed) == [page] and "changed while it ran" in report.failed[page]
    assert list(report.executed) == [other]
    report = run(checkout.project, pages, jobs=1)
    assert list(report.executed) == [page]  # it writes what is there already
