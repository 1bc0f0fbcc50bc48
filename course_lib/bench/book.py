"""How much does running notebooks side by side save? Ten copies of a small NumPy page.

    python -m course_lib.bench.book --pairs 5 --json report.json

Two questions, each answered in interleaved pairs:
`course run` on all cores against one notebook after another, and the whole way to a website, `course book`,
against Jupyter Book's own execution of the same notebooks (`execute_notebooks: force`).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import course_lib
from course_lib.bench.pairs import measure_pairs, write_report

N_PAGES = 10
REPOSITORY = Path(course_lib.__file__).resolve().parents[1]
CONFIG = """\
title: Ten pages
repository: {{url: "https://github.com/OWNER/REPOSITORY", branch: main}}
execute: {{execute_notebooks: "{execute}", stderr_output: error}}
"""
PAGE = """\
---
jupytext:
  formats: md:myst,ipynb
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Page {number}

A second to run

```{{code-cell}} ipython3
:tags: [setup]

import course_lib
```

```{{code-cell}} ipython3
:tags: [parameters]

n_steps = 2000
```

```{{code-cell}} ipython3
import matplotlib.pyplot as plt
import numpy as np
```

```{{code-cell}} ipython3
rng = np.random.default_rng({number})
X, y = rng.normal(size=(400, 20)), rng.normal(size=400)
w, losses = np.zeros(20), []
for _ in range(n_steps):
    residual = X @ w - y
    losses.append(np.mean(residual**2))
    w -= 0.01 * X.T @ residual / len(y)
print(f"loss {{losses[0]:.3f}} -> {{losses[-1]:.3f}}")
```

```{{code-cell}} ipython3
plt.semilogy(losses)
plt.show()
```
"""


def make_checkout(folder: Path, execute: str) -> Path:
    """A checkout with ten pages. `execute` is what Jupyter Book itself is told: off or force."""
    shutil.copytree(
        REPOSITORY / "course_lib",
        folder / "course_lib",
        ignore=shutil.ignore_patterns("__pycache__", "data", "checks", "serving"),
    )
    shutil.copy(REPOSITORY / "requirements.txt", folder)
    (folder / "_config.yml").write_text(CONFIG.format(execute=execute))
    (folder / "index.md").write_text("# Ten pages\n")
    names = [f"lectures/01_pages/page_{number:02}" for number in range(N_PAGES)]
    (folder / "lectures/01_pages").mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / f"{name}.md").write_text(PAGE.format(number=number))
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters:\n" + "".join(f"- file: {n}\n" for n in names)
    )
    command(folder, "-m", "course_lib.cli", "sync")
    return folder


def command(folder: Path, *arguments: str) -> None:
    result = subprocess.run([sys.executable, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
                            capture_output=True, text=True, check=False)  # fmt: skip
    if result.returncode != 0:
        raise RuntimeError(result.stdout + result.stderr)


def course(folder: Path, *arguments: str) -> Callable[[], None]:
    """A function that runs a `course` command from nothing executed and nothing built."""

    def run() -> None:
        shutil.rmtree(folder / "_build", ignore_errors=True)
        command(folder, "-m", "course_lib.cli", *arguments)

    return run


def jupyter_book(folder: Path) -> Callable[[], None]:
    """A function that lets Jupyter Book execute the notebooks and build the site, from nothing."""
    for source in (folder / "lectures/01_pages").glob("*.md"):
        source.unlink()  # beside its .ipynb it is a second file of the same name to Sphinx

    def run() -> None:
        shutil.rmtree(folder / "_build", ignore_errors=True)
        command(folder, "-c", "from jupyter_book.cli.main import main; main()", "build", str(folder), "-W", "-q")
        pages = list((folder / "_build/html/lectures/01_pages").glob("*.html"))
        if len(pages) != N_PAGES:
            raise RuntimeError(f"Jupyter Book built {len(pages)} pages of {N_PAGES}")

    return run


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("_build/bench/book.json"))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        ours = make_checkout(Path(folder, "ours"), "off")
        theirs = make_checkout(Path(folder, "theirs"), "force")
        races = {
            "course run, side by side / one after another": (course(ours, "run"), course(ours, "run", "--jobs", "1")),
            "course book / jupyter-book build": (course(ours, "book"), jupyter_book(theirs)),
        }
        results = []
        for name, (first, second) in races.items():
            summary = measure_pairs(first, second, options.pairs, n_warm_up=1).summary()
            results.append({"race": name, **summary})
            print(
                f"{name}: {summary['first_median']:.1f} s / {summary['second_median']:.1f} s, "
                f"share of the time {1 / summary['ratio']:.2f}"
            )
    write_report(options.json, results, ["papermill", "joblib", "jupyter-book", "numpy"])


if __name__ == "__main__":
    main()
