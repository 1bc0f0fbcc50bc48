"""A tiny checkout of the course, with the real tools and pages of a few lines."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_lib.book.project import Project

ROOT = Path(__file__).resolve().parents[2]

PAGE = """\
---
jupytext:
  formats: md:myst,ipynb
kernelspec:
  display_name: Python 3
  language: python
  name: python3
{course}---

# {title}

A minute to read

{prose}

```{{code-cell}} ipython3
:tags: [setup]

import course_lib
```

```{{code-cell}} ipython3
:tags: [parameters]

n_steps = 3
```

```{{code-cell}} ipython3
{code}
```

```{{code-cell}} ipython3
:tags: [claim]

assert n_steps >= 3
```
"""

SOLUTION = """\
---
jupytext:
  formats: md:myst,ipynb
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Solution: count

A minute · after [the page](../../index.md)

<!-- BEGIN SOLUTION -->
The answers, for [the lab](../{stem}.ipynb).

<!-- END SOLUTION -->
## Count

Write it, as [here](#count) or [there](https://example.org/x).

```{{code-cell}} ipython3
:tags: [setup]

import course_lib
```

```{{code-cell}} ipython3
from course_lib.checks import lab

check = lab("{stem}")
```

```{{code-cell}} ipython3
{code}
```

```{{code-cell}} ipython3
print(check.double(double))
```

```{{code-cell}} ipython3
---
tags: [claim]
---
assert check.passed
```

The end.
"""

TINY_CHECKS = """\
class Lab:
    passed = False

    def double(self, function):
        self.passed = function(2) == 4
        return "right" if self.passed else "wrong"


def lab(name):
    return Lab()
"""

DOUBLE = """\
def double(x):
    \'\'\'Twice x.\'\'\'
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""

CONFIG = """\
title: Tiny
author: Nobody
repository:
  url: https://github.com/OWNER/REPOSITORY
  branch: main
execute:
  execute_notebooks: "off"
  stderr_output: error
sphinx:
  config:
    myst_heading_anchors: 3
"""


@dataclass
class Checkout:
    """A folder that looks like the repository, and the `course` command in it."""

    root: Path
    extra_path: str = ""  # a folder in which Python looks before the installed packages

    @property
    def project(self) -> Project:
        return Project(self.root)

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new))

    def add_page(
        self, name: str, code: str = "print('seen', n_steps)", prose: str = "Some prose.", course: str = ""
    ) -> str:
        """Write lectures/01_tiny/NAME.md and list it; return the page's name."""
        page = f"lectures/01_tiny/{name}"
        header = f"course:\n  {course}\n" if course else ""
        self.write(f"{page}.md", PAGE.format(title=name.capitalize(), prose=prose, code=code, course=header))
        self.write("_toc.yml", self.read("_toc.yml") + f"- file: {page}\n")
        return page

    def add_lab(self, stem: str = "01_tiny", code: str = DOUBLE) -> str:
        """Write labs/solutions/STEM.md and all it needs; return the solution's name."""
        solution = f"labs/solutions/{stem}"
        self.write(f"{solution}.md", SOLUTION.format(stem=stem, code=code))
        self.write("course_lib/checks/__init__.py", TINY_CHECKS)
        self.write("course_lib/exercises/__init__.py", "")
        self.write(f"course_lib/exercises/lab_{stem}.py", "EXERCISES = []\n")
        self.write("_toc.yml", self.read("_toc.yml") + f"- file: labs/{stem}\n- file: {solution}\n")
        return solution

    def environment(self) -> dict[str, str]:
        """Without what GitHub's machines say of the repository that is tested there."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        return {**mine, "PYTHONPATH": self.extra_path, "COURSE_DATA": "/nowhere", "NO_COLOR": "1"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "course_lib.cli", *arguments]

    def git(self, *arguments: str) -> str:
        """Run git in this checkout; what it says."""
        who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "init.defaultBranch=main"]
        result = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return result.stdout

    def commit(self) -> None:
        """Everything as it stands, in a repository that is made where there is none."""
        if not (self.root / ".git").exists():
            self.git("init", "-q")
            self.write(".gitignore", "_build/\n__pycache__/\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "as it stands")

    def course(
        self, *arguments: str, check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess:
        """Run the real command line in this checkout."""
        result = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env={**self.environment(), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert result.returncode == 0, result.stdout + result.stderr
        return result


def make_checkout(folder: Path) -> Checkout:
    shutil.copytree(
        ROOT / "course_lib",
        folder / "course_lib",
        ignore=lambda _, names: [
            n for n in names if n in ("__pycache__", "data", "checks", "marking", "exercises", "bench")
        ],
    )
    made = Checkout(folder)
    made.write("requirements.txt", "numpy==2.4.6\n")
    made.write("_config.yml", CONFIG)
    made.write("_toc.yml", "format: jb-book\nroot: index\nchapters:\n")
    made.write("index.md", "# Tiny\n\nThe first page.\n")
    return made


@pytest.fixture(autouse=True)
def no_repository_in_the_environment(monkeypatch):
    """GitHub's machines name the repository that is tested there; a tiny checkout is another one."""
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return make_checkout(tmp_path)


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory):
    """Make as many as you need: new_checkout() -> Checkout."""
    return lambda: make_checkout(tmp_path_factory.mktemp("checkout"))
