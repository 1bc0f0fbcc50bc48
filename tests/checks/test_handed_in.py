"""`course check` from what was handed in to what is printed, on small classes like those that people reported."""

import json
import os
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib import cli
from course_lib.checks import handed_in
from course_lib.marking.mark import Result
from course_lib.marking.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
LAB = "02_activations"
NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": f'check = lab("{LAB}")'}]})


@pytest.fixture
def check(tmp_path, monkeypatch):
    """The command, run in the folder of the test on these paths: its exit status, and what it prints.

    All answers are right; whether they are is asked in tests/marking.
    """

    def mark_all(found, labs, *_, **__):
        right = [Verdict(name, "passed", "right") for name in ("relu", "softmax")]
        return [Result(one.name, one.lab(labs.names), verdicts=right) for one in found]

    monkeypatch.setattr(handed_in, "mark_all", mark_all)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(cli.app, ["check", *arguments, "--report", "reports"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout.splitlines()

    return run


def lay(*paths: str) -> None:
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTEBOOK)


def pack(path: str, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, NOTEBOOK if name.lower().endswith(".ipynb") else "other")


def roster(*lines: str) -> tuple[str, str]:
    Path("class.csv").write_text("\n".join(lines), encoding="utf-8")
    return "--roster", "class.csv"


def marks() -> dict[str, str]:
    """Name -> student, of marks.json."""
    found = json.loads(Path("reports/marks.json").read_text(encoding="utf-8"))
    return {mark["name"]: mark.get("student", "") for mark in found}


def test_a_number_of_the_lab_or_of_a_copy_gives_nobody_a_notebook(check):
    lay(f"in/anna/{LAB}.ipynb", "in/chrystyna/lab (1).ipynb")
    status, lines = check("in", *roster("number,name", "1,Anna", "2,Borys", "3,Chrystyna", "4,Danylo"))
    asked = "find out whose it is, and write its name into the column file"
    assert status == 1 and lines[2:] == [
        "2 of 2 submissions are complete and right",
        f"no number: in/anna/{LAB}.ipynb; {asked}",
        f"no number: in/chrystyna/lab (1).ipynb; {asked}",
        f"nothing handed in: {LAB}: 1 Anna, 2 Borys, 3 Chrystyna, 4 Danylo",
    ]
    assert set(marks().values()) == {""}


def test_the_teachers_own_folder_says_nothing(check):
    lay("2026 autumn/borys.ipynb")
    status, lines = check("2026 autumn", *roster("number,name", "2026,Anna", "1002,Borys"))
    assert status == 1 and marks() == {"2026 autumn/borys.ipynb": ""}
    assert lines[-2].startswith("no number: 2026 autumn/borys.ipynb;")


def test_numbers_with_signs_are_found(check):
    lay("in/2024.117/lab.ipynb", "in/KM-11_05 lab.ipynb", "in/S-12345_lab.ipynb")
    status, lines = check("in", *roster("number,name", "KM-11/05,Anna", "S-12345,Borys", "2024.117,Chrystyna"))
    assert (status, lines[-1]) == (0, "3 of 3 submissions are complete and right")
    assert list(marks().values()) == ["2024.117", "KM-11/05", "S-12345"]


def test_every_file_is_marked_or_named(check):
    pack("late.zip", "ada.ipynb")
    pack("group.zip", "x/Yuri.IPYNB", "x/Zoya.7z")
    lay("in/ivan.ipynb", "in/petro.IPYNB", "in/olena.ipynb.txt", "in/oksana.ipynb.json", "in/Копія записника (2)",
        "in/maria.py", "in/taras.rar", "in/.DS_Store")  # fmt: skip
    shutil.move("late.zip", "in/LATE.ZIP")
    shutil.move("group.zip", "in/group.zip")
    status, lines = check("in")
    assert status == 1
    assert list(marks()) == ["in/LATE.ZIP:ada.ipynb", "in/group.zip:x/Yuri.IPYNB", "in/ivan.ipynb", "in/petro.IPYNB"]
    assert lines[-1] == (
        "not looked at: in/group.zip:x/Zoya.7z, in/maria.py, in/oksana.ipynb.json, in/olena.ipynb.txt, in/taras.rar, "
        "in/Копія записника (2); ask for .ipynb or .zip files"
    )
    for name in ("group.zip", "maria.py", "oksana.ipynb.json", "olena.ipynb.txt", "taras.rar", "Копія записника (2)"):
        Path("in", name).unlink()
    assert check("in")[0] == 0


def test_class_list_and_reports_may_lie_among_the_submissions(check):
    lay("1001.ipynb")
    lines = roster("number,name", "1001,Anna")
    for _ in range(2):
        assert check(".", *lines) == (0, ["✓ 1001.ipynb  1001 Anna  02_activations  2 of 2",
                                          "1 of 1 submissions are complete and right"])  # fmt: skip
    Path("reports/marks.json").rename("marks.json")  # of an older run, perhaps; but we cannot know
    assert check(".", *lines)[0] == 1


def test_names_that_macos_wrote_are_recognised(check):
    named = [
        unicodedata.normalize("NFD", name) for name in ("Андрій Чайка_77_assignsubmission_file", "Їжакевич_78_file")
    ]
    assert named[0] != "Андрій Чайка_77_assignsubmission_file"
    pack("all.zip", f"{named[0]}/lab.ipynb", "__MACOSX/._lab.ipynb", f"{named[1]}/lab.ipynb")
    lines = "number,name,file", "1001,Андрій Чайка,Андрій Чайка", "1002,Їжакевич Марія,Їжакевич"
    assert check("all.zip", *roster(*lines))[0] == 0
    assert list(marks().values()) == ["1001", "1002"]


def test_a_run_in_a_checkout_that_is_read_only(tmp_path):
    """The command writes its reports and nothing else, and what only a notebook understands does no harm.

    Rights do not stop the administrator, under whom tests may run, so the files are compared as well.
    """
    checkout, work = tmp_path / "checkout", tmp_path / "work"
    ignored = shutil.ignore_patterns("samples", "atlas", "__pycache__")
    shutil.copytree(ROOT / "course_lib", checkout / "course_lib", ignore=ignored)
    work.mkdir()
    solution = json.loads((ROOT / f"labs/solutions/{LAB}.ipynb").read_text(encoding="utf-8"))
    odd = [{"cell_type": "code", "source": source} for source in ("%pdb on", "1 / 0", "name = input('your name?')")]
    (work / "odd.ipynb").write_text(json.dumps({**solution, "cells": [*odd, *solution["cells"]]}), encoding="utf-8-sig")
    paths = sorted([checkout, *checkout.rglob("*")])
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        command = [sys.executable, "-m", "course_lib.cli", "check", "odd.ipynb", "--report", "reports"]
        environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.splitlines()[-2:] == [
            f"✓ odd.ipynb  {LAB}  6 of 6", "1 of 1 submissions are complete and right"
        ]  # fmt: skip
        assert sorted([checkout, *checkout.rglob("*")]) == paths
        assert sorted(path.name for path in work.rglob("*")) == ["junit.xml", "marks.json", "odd.ipynb", "reports"]
    finally:
        for path in paths:
            path.chmod(0o755)
