"""Pins for every machine: what is kept of uv's answer, and that the proof fails where it should. uv itself is played."""

import subprocess
from types import SimpleNamespace

import pytest

from course_lib.bootstrap import pins
from course_lib.bootstrap.failures import Problem
from tests.tools import ROOT


def test_what_only_cuda_wants_is_left_to_pytorch():
    resolved = "torch==2.13.0\nnvidia-cublas==13.1 ; sys_platform == 'linux'\ncuda-toolkit==13.0\ntriton==3.7.1\nB==1\n"
    resolved += "cffi==2.1.1 ; implementation_name == 'pypy'\ncolorama==0.4.6 ; sys_platform == 'win32'\na==1\n"
    assert pins.pinned(resolved).removeprefix(pins.HEADER).splitlines() == [
        "a==1", "B==1", "colorama==0.4.6 ; sys_platform == 'win32'", "torch==2.13.0",
    ]  # fmt: skip


def test_names_are_normalised():
    assert pins.names("# x\nPyYAML==6\nruamel.yaml==1 ; y\n\nan_other==2\n").keys() == {
        "pyyaml",
        "ruamel-yaml",
        "an-other",
    }


@pytest.fixture
def answers(monkeypatch):
    """uv's answers by (python, platform); without one it resolves to the pins, and to nothing where nothing exists."""
    given = {}

    def played(program, requirements, *options):
        version, platform = options[1], options[3]
        found = given.get((version, platform), None if platform in pins.NONE_FOR.values() else "numpy==1\n")
        said = "error: no wheels   for\n torch\nhint: try another"
        return SimpleNamespace(returncode=found is None, stdout=(found or "").encode(), stderr=said.encode())

    monkeypatch.setattr(pins, "uv", played)
    return given


@pytest.fixture
def requirements(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("numpy==1\n")
    return path


def test_the_proof_is_a_table_of_systems_and_pythons(answers, requirements):
    rows = []
    pins.prove("uv", requirements, rows.append)
    assert len(rows) == 6
    assert rows[0].split() == ["Linux", "3.11", "resolves", "3.12", "resolves", "3.13", "resolves"]
    assert rows[-2].split("3.11")[1].split() == ["no", "3.12", "no", "3.13", "no"]


@pytest.mark.parametrize(
    ("place", "answer", "expected"),
    [
        (("3.12", "x86_64-pc-windows-msvc"), None, "Windows, Python 3.12: no error: no wheels for torch"),
        (
            ("3.13", "aarch64-apple-darwin"),
            "numpy==1\nappnope==1\n",
            "macOS 14, Apple's processor, Python 3.13: not pinned: appnope",
        ),
        (("3.11", "x86_64-apple-darwin"), "numpy==1\n", "macOS, Intel, Python 3.11: resolves"),
    ],
)
def test_the_proof_fails_where_something_differs(answers, requirements, place, answer, expected):
    answers[place] = answer
    with pytest.raises(Problem) as caught:
        pins.prove("uv", requirements, lambda row: None)
    assert str(caught.value) == expected


def test_cuda_may_come_unpinned(answers, requirements):
    answers[("3.11", "x86_64-manylinux_2_28")] = "numpy==1\nnvidia-cublas==13\ntriton==3\n"
    pins.prove("uv", requirements, lambda row: None)


def test_uv_asks_the_index_that_pip_is_told_to_ask(monkeypatch):
    seen = {}
    monkeypatch.setattr(subprocess, "run", lambda command, **options: seen.update(options["env"], command=command))
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    pins.uv("uv", "x.txt")
    assert seen["UV_DEFAULT_INDEX"] == "https://packages.example.org/simple"
    assert seen["command"][:3] == ["uv", "pip", "compile"]


def test_the_readme_says_where_the_pins_install():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for system in ("Linux", "macOS 14", "Windows"):
        assert system in readme
    assert "Intel" in readme and "ARM" in readme
