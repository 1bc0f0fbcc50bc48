"""The branch of notebooks: what the workflow's own step pushes, into a bare repository instead of GitHub."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

WORKFLOW = Path(__file__).resolve().parents[2] / ".github/workflows/publish.yml"
COLAB = "https://colab.research.google.com/github/kyiv/nets/blob/notebooks"
SITE = "https://kyiv.github.io/nets"


@pytest.fixture
def course(checkout):
    checkout.page = checkout.add_page(
        "page", prose="See [the first](../../index.md) and [a tool](../../course_lib/cli.py)."
    )
    checkout.solution = checkout.add_lab()
    checkout.course("sync")
    checkout.commit()
    return checkout


def workflow_step() -> str:
    """The shell script of the step that writes the branch."""
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["notebooks"]["steps"]
    (script,) = [step["run"] for step in steps if "REMOTE" in step.get("env", {})]
    return script


def publish(course, remote: Path, temporary: Path, source: str) -> None:
    """Run the workflow's step as GitHub would, in the fork kyiv/nets."""
    programs = temporary / "programs"
    programs.mkdir()
    python = programs / "python"  # no link: the interpreter finds its packages by its own place
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    environment = {
        **course.environment(), "REMOTE": str(remote), "SOURCE": source, "RUNNER_TEMP": str(temporary),
        "GITHUB_REPOSITORY": "kyiv/nets", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    subprocess.run(["bash", "-eo", "pipefail", "-c", workflow_step()], cwd=course.root, env=environment, check=True)


@pytest.mark.skipif(os.name == "nt", reason="not for this machine: the workflow's shell is bash")
def test_the_workflow_pushes_a_branch_of_notebooks_that_work_in_colab(course, tmp_path_factory):
    remote = tmp_path_factory.mktemp("remote") / "nets.git"
    course.git("init", "-q", "--bare", str(remote))
    publish(course, remote, tmp_path_factory.mktemp("runner"), "abc123")
    labs = ["labs/01_tiny.ipynb", f"{course.solution}.ipynb"]

    def pushed(path: str) -> str:
        return course.git("--git-dir", str(remote), "show", f"notebooks:{path}")

    tree = course.git("--git-dir", str(remote), "ls-tree", "-r", "--name-only", "notebooks").split()
    assert tree == sorted(["README.md", f"{course.page}.ipynb", *labs])
    for path in tree[1:]:
        text = pushed(path)
        nbformat.validate(nbformat.reads(text, as_version=4))
        assert f"[Open in Colab]({COLAB}/{path}) · " in text
        assert "git+https://github.com/kyiv/nets" in text
        assert "](../" not in text
    text = pushed(f"{course.page}.ipynb")
    assert (
        f"[the first]({SITE}/index.html) and [a tool](https://github.com/kyiv/nets/blob/main/course_lib/cli.py)" in text
    )
    assert f"[the lab]({SITE}/labs/01_tiny.html)" in pushed(labs[1])
    assert SITE in pushed("README.md")

    course.replace(f"{course.page}.md", "See", "Look at")
    (course.root / f"{course.solution}.md").unlink()  # a page that is gone leaves the branch
    for path in (*labs, "labs/01_tiny.md"):
        (course.root / path).unlink()
    course.replace("_toc.yml", f"- file: labs/01_tiny\n- file: {course.solution}\n", "")
    course.course("sync")
    publish(course, remote, tmp_path_factory.mktemp("runner"), "def456")
    assert "Look at" in pushed(f"{course.page}.ipynb")
    assert course.git("--git-dir", str(remote), "ls-tree", "-r", "--name-only", "notebooks").split() == [
        "README.md", f"{course.page}.ipynb"
    ]  # fmt: skip
    assert course.git("--git-dir", str(remote), "log", "--format=%s", "notebooks") == "Notebooks of def456\n"
    assert (
        course.git("status", "--porcelain", "*.ipynb").count("\n") == 3
    )  # the checkout's own: edited, deleted, no more


def test_without_an_address_the_command_says_how_to_give_one(course, tmp_path_factory):
    target = tmp_path_factory.mktemp("target")
    result = course.course("notebooks", str(target), check=False)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: this copy of the course has no address on GitHub; push it to GitHub")
    assert not list(target.iterdir())
    course.git("remote", "add", "origin", "git@github.com:kyiv/nets.git")
    assert "3 notebooks for https://github.com/kyiv/nets in " in course.course("notebooks", str(target)).stdout
    again = course.course("notebooks", str(target), check=False)
    assert again.stderr == f"error: {target}: not empty; name a new folder\n"


def test_pages_out_of_step_are_not_handed_out(course, tmp_path_factory):
    course.replace(f"{course.page}.md", "See", "Look at")
    target = tmp_path_factory.mktemp("target")
    result = course.course("notebooks", str(target), check=False, environment={"GITHUB_REPOSITORY": "kyiv/nets"})
    assert "stale" in result.stderr and not list(target.iterdir())


def test_published_notebooks_keep_what_a_notebook_says(course, tmp_path_factory):
    target = tmp_path_factory.mktemp("target")
    course.course("notebooks", str(target), environment={"GITHUB_REPOSITORY": "kyiv/nets"})
    ours = json.loads(course.read(f"{course.page}.ipynb"))
    theirs = json.loads((target / f"{course.page}.ipynb").read_text(encoding="utf-8"))
    assert theirs["metadata"] == ours["metadata"]
    same = [mine["source"] == other["source"] for mine, other in zip(ours["cells"], theirs["cells"], strict=True)]
    assert same == [False, False, True, True, True]  # title with its links, set-up; the rest as it was
