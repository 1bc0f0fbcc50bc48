"""The rules of the suite itself: what a skip means, which tests run when, and who works beside whom."""

import ast
import os
import subprocess
import sys
from collections import defaultdict
from xml.etree import ElementTree

import pytest

from tests.tools import HEAVY, NOT_HERE, ROOT, group_of

SAMPLE = """\
import pytest
from tests.tools import elsewhere, missing

def test_passes(): pass
def test_needs_a_tool(): missing("no such tool")
def test_needs_another_machine(): elsewhere("it has one moon")
def test_skips(): pytest.skip("so be it")
@pytest.mark.more
def test_more(): pass
"""


FROM_OUTSIDE = ("CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_CURRENT_TEST")


@pytest.fixture
def suite(tmp_path):
    """A small suite under this repository's own rules."""

    def run(*arguments: str, **variables: str) -> tuple[dict[str, str], str]:
        """The state of each test, and what pytest said."""
        (tmp_path / "test_sample.py").write_text(SAMPLE)
        (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"))
        environment = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
        command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={tmp_path}"]
        command += ["-p", "no:cacheprovider", f"--junitxml={tmp_path}/report.xml", str(tmp_path), *arguments]
        options = {"cwd": tmp_path, "env": {**environment, "PYTHONPATH": str(ROOT), **variables}}
        said = subprocess.run(command, capture_output=True, text=True, check=False, **options).stdout
        cases = ElementTree.parse(tmp_path / "report.xml").getroot().iter("testcase")
        return {case.get("name").split("@")[0]: case[0].tag if len(case) else "passed" for case in cases}, said

    return run


def test_a_skip_is_allowed_in_a_landing_and_more_is_not_run(suite):
    seen, _ = suite()
    assert seen["test_passes"] == "passed"
    assert seen["test_needs_a_tool"] == seen["test_needs_another_machine"] == seen["test_skips"] == "skipped"
    assert "test_more" not in seen


def test_under_ci_a_missing_tool_fails(suite):
    seen, _ = suite(CI="true")
    assert seen["test_needs_a_tool"] == "failure"
    assert seen["test_needs_another_machine"] == seen["test_skips"] == "skipped"


def test_with_all_a_skip_fails_unless_no_set_up_could_prevent_it(suite):
    seen, said = suite("--all")
    assert seen["test_needs_a_tool"] == seen["test_skips"] == "failure"
    assert seen["test_more"] == "passed"
    assert seen["test_needs_another_machine"] == "skipped"
    assert "skipped, and with --all a skip is a failure. Skipped: so be it" in said


def test_the_heavy_ones_exist_and_form_one_group():
    for name in HEAVY:
        path, _, test = name.partition("::")
        assert f"def {test or 'test_'}" in (ROOT / path).read_text(encoding="utf-8"), name
        assert group_of(f"{name}test[1::2]") == "heavy"
    assert group_of("tests/book/test_publish.py::test_x[a]") == group_of("tests/book/test_publish.py::test_y")
    assert group_of("tests/book/test_publish.py::test_x") != group_of("tests/book/test_run.py::test_x")


def test_heavy_ones_share_a_worker_and_a_file_stays_together(suite, tmp_path):
    others = ["tests/book/test_publish.py", "tests/marking/test_mark.py", "tests/bench/test_marking.py"]
    for number, path in enumerate([*others, *(f"tests/light_{number}/test_light.py" for number in range(4))]):
        (tmp_path / path).parent.mkdir(parents=True)
        names = ("test_killed_a", "test_light_b", "test_light_c") if number == 0 else ("test_a", "test_b")
        text = "".join(f"def {name}(worker_id): print('worker', worker_id, {path!r}, {name!r})\n" for name in names)
        (tmp_path / path).write_text(text)
    _, said = suite("-n", "2", "-rP")
    lines = [line.split() for line in said.splitlines() if line.startswith("worker gw")]
    workers = defaultdict(set)
    for _, worker, path, name in lines:
        workers[group_of(f"{path}::{name}")].add(worker)
    assert len(lines) == 15 and len(workers) == 6, said
    assert {len(each) for each in workers.values()} == {1}, said
    assert len(set.union(*workers.values())) == 2


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: path.relative_to(ROOT / "tests").as_posix()
)
def test_a_test_skips_by_one_way_only(path):
    """`missing` for a tool, `elsewhere` for another machine; of a mark, the reason says that it is the latter."""
    assert path.name == "tools.py" or other_skips(path.read_text(encoding="utf-8")) == []


def test_another_way_would_be_found():
    source = "import pytest\npytest.skip('x')\npytest.importorskip('y')\n@pytest.mark.skipif(True, reason='z')\ndef f(): pass\n"
    source += f"@pytest.mark.skipif(True, reason='{NOT_HERE}on the moon')\ndef g(): pass\n"
    assert other_skips(source) == [2, 3, 4]


def other_skips(source: str) -> list[int]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("pytest."):
            name = ast.unparse(node.func).rsplit(".")[-1]
            reasons = [each.value for each in node.keywords if each.arg == "reason"]
            fine = any(isinstance(each, ast.Constant) and str(each.value).startswith(NOT_HERE) for each in reasons)
            if name in ("skip", "importorskip", "xfail") or (name == "skipif" and not fine):
                found.append(node.lineno)
    return sorted(found)
