"""The `course` command. Everything heavy is imported by the command that needs it."""

import errno
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from course_lib.common import signs
from course_lib.common.errors import CourseError

app = typer.Typer(
    help="Run, check and publish the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Pages = Annotated[list[str] | None, typer.Argument(help="Page names, folders or patterns; all pages without one.")]
Machines = Annotated[
    str | None, typer.Option("--cluster", help="A Dask scheduler, tcp://HOST:PORT; or local:2, two workers here.")
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Notebooks at once; one per core without it.")]
Turn = Annotated[
    float | None, typer.Option(help="So many minutes are left: pages take turns where all would need more.")
]


def main() -> None:
    """Entry point: what a person can mend is printed as lines, everything else is a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=signs.HANDLER)  # a console of Windows may have no tick
    try:
        app()
    except CourseError as error:
        for line in error.lines:
            print(f"error: {line}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC and "[Errno 28]" not in str(error):  # shutil.Error holds several in one
            raise
        sys.exit("error: the disk is full; free some space and run the same command again, nothing is lost")


def project():
    import course_lib
    from course_lib.book.project import find_project

    found = find_project()
    if Path(course_lib.__file__).resolve().parent.parent != found.root:
        raise CourseError(
            f"{found.root}: this command belongs to another checkout; call it as: python -m course_lib COMMAND"
        )
    return found


@contextmanager
def display(total: int, what: str) -> Iterator:
    """One progress bar on a terminal; plain lines everywhere else."""
    if total == 0 or not sys.stdout.isatty():
        yield lambda line: print(line, flush=True)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns) as bar:
        task = bar.add_task(what, total=total)

        def advance(line: str) -> None:
            bar.console.print(line, highlight=False, markup=False)
            bar.advance(task)

        yield advance


@contextmanager
def machines(address: str | None, jobs: int | None, *asked: str) -> Iterator:
    """The pool behind --cluster, or None without it. What the workers must prove besides is for `cluster` to know."""
    if address is None:
        yield None
        return
    if jobs is not None:
        raise CourseError("choose --jobs or --cluster; with --cluster each worker process does one job at a time")
    from course_lib.cluster import Cluster

    with Cluster(address, asked) as pool:
        yield pool


@app.command()
def sync(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if anything is stale.")] = False,
    take: Annotated[
        list[str] | None, typer.Option(help="A notebook edited in Colab or an editor: carry its edit into the .md.")
    ] = None,
):
    """Derive notebooks, labs, map and schedule from their sources.

    Example: course sync --check
    """
    from course_lib.book import sync as book_sync
    from course_lib.book import take as book_take

    found = project()
    for notebook in take or []:
        print("\n".join(book_take.take(found, notebook)))
    if not check:
        for path in book_sync.sync(found):
            print(f"wrote {path}")
    book_sync.check(found)


@app.command()
def run(
    pages: Pages = None,
    profile: Annotated[str, typer.Option(help="quick, or full for the complete data sets.")] = "quick",
    jobs: Jobs = None,
    machine_note: Annotated[str, typer.Option(help="The machine in words, for the results of a full run.")] = "",
    cluster: Machines = None,
):
    """Execute the notebooks that changed. A full run writes PAGE.full.json, which the page shows.

    Example: course run activations --profile full
    """
    import os

    from course_lib.book import run as book_run
    from course_lib.book import sync as book_sync
    from course_lib.book.pages import pages_to_run

    found = project()
    book_sync.check(found)
    chosen = pages_to_run(found, pages)
    folder = os.environ.get("COURSE_DATA")
    data = Path(folder).resolve() if folder else None
    asked = ["processor"] + ["data"] * (profile == "full" and data is not None)
    with display(len(chosen), "executing") as progress, machines(cluster, jobs, *asked) as pool:
        report = book_run.run(found, chosen, profile, jobs, data, progress, machine_note, pool)
    print(f"{len(report.executed)} executed, {len(report.reused)} unchanged, {len(report.failed)} failed")
    if report.failed:
        where = found.failed.relative_to(found.root)
        raise CourseError(*(f"{name}.ipynb: {problem}" for name, problem in report.failed.items()),
                          f"the failed notebooks, with tracebacks, are in {where}")  # fmt: skip


@app.command()
def validate(pages: Pages = None, jobs: Jobs = None, turn: Turn = None) -> tuple[int, int]:
    """Run the executed notebooks again and compare every output.

    Example: course validate 02_foundations
    """
    from course_lib.book import validate as book_validate
    from course_lib.book.pages import pages_to_run

    found = project()
    chosen = pages_to_run(found, pages)
    if turn is not None:
        from course_lib.book import parts

        chosen, lines = parts.turn(found, chosen, turn, jobs)
        print("\n".join(lines))
    with display(len(chosen), "comparing") as progress:
        good, bad = book_validate.validate(found, chosen, jobs, progress)
    print(f"{len(good)} reproduced, {len(bad)} differ")
    if bad:
        raise CourseError(*(f"{name}.ipynb: outputs differ\n{differences}" for name, differences in bad.items()))
    return len(good), len(chosen)


@app.command()
def share(which: Annotated[str, typer.Argument(help="2/4: the second of four.")]):
    """Name one machine's share of the pages, where several run them; by the seconds of the last run.

    Example: course share 2/4
    """
    from course_lib.book import parts
    from course_lib.book.pages import pages_to_run

    found = project()
    print("\n".join(page.name for page in parts.share(found, pages_to_run(found), which)))


@app.command()
def build():
    """Build the site from executed notebooks, and switch to it when it is whole.

    Example: course build
    """
    from course_lib.book import publish

    found = project()
    changed = publish.build(found, lambda line: print(line, flush=True))
    print(f"the site is {'new' if changed else 'unchanged'}: {found.site / 'index.html'}")


@app.command()
def book():
    """Execute what changed and build the site.

    Example: course book
    """
    run()
    build()
    print("look at it with: make serve   (Windows: python -m course_lib serve)")


@app.command()
def notebooks(folder: Annotated[Path, typer.Argument(help="A new folder.")]):
    """Write every notebook with the repository's address: for the branch that Colab opens.

    Example: course notebooks _build/notebooks
    """
    from course_lib.book import sync as book_sync
    from course_lib.book.address import needed_address
    from course_lib.book.published import write_notebooks

    found = project()
    book_sync.check(found)
    address = needed_address(found)
    names = write_notebooks(found, folder, address)
    print(f"{len(names)} notebooks for {address.url} in {folder}")


@app.command()
def status():
    """List every page: executed or not, how long it took, whether its outputs were reproduced here.

    Example: course status
    """
    from course_lib.book.cache import cache_key, entry_of
    from course_lib.book.imports import ImportGraph
    from course_lib.book.pages import pages_to_run
    from course_lib.book.validate import reproduction_digest

    found = project()
    graph = ImportGraph(found.root)
    for page in pages_to_run(found):
        record = entry_of(found, page.name).load(cache_key(found, page, graph))
        if record is None:
            failed = (found.failed / f"{page.name}.ipynb").is_file()
            print(f"{page.name:50} {'failed' if failed else 'to run'}")
        else:
            again = record.get("reproduced") == reproduction_digest(record["digest"])
            same = "reproduced" if again else "not validated here"
            print(f"{page.name:50} {record['seconds']:6.1f} s  {page.n_claims:3} claims  {same}")


@app.command()
def serve(port: Annotated[int, typer.Option(help="Port of the local web server.")] = 8000):
    """Show the built site in the browser at http://localhost:8000.

    Example: course serve --port 8080
    """
    from course_lib.book.serve import serve as serve_site

    serve_site(project().site, port)


@app.command()
def test(
    turn: Turn = None,
    only: Annotated[
        str | None, typer.Option(help="unit: tests that need no executed page; pages: the others, and no validation.")
    ] = None,
):
    """What a commit must pass: book, validation, every test with two seeds of each proof.

    Example: course test --only unit
    """
    from course_lib.book import suite

    if only not in (None, "unit", "pages"):
        raise CourseError(f"{only}: choose unit or pages")
    if only != "unit":
        book()
    if only is None:
        validate(turn=turn)
    chosen = {None: [], "unit": ["-m", "not pages"], "pages": ["-m", "pages"]}[only]
    status, _ = suite.pytest(project(), *chosen)
    sys.exit(status)


@app.command("test-all")
def test_all():
    """Everything: all pages reproduced, every test, five seeds of each proof, every extra; a skip is a failure.

    Example: course test-all
    """
    import time

    from course_lib.book import suite

    start = time.monotonic()
    book()
    n_reproduced, n_pages = validate()
    status, result = suite.pytest(project(), "--all")
    if result is not None:
        print(suite.summary(project(), result, n_pages, n_reproduced, time.monotonic() - start))
    sys.exit(status)


@app.command()
def bench(names: Annotated[list[str] | None, typer.Argument(help="Benchmarks; all without one.")] = None):
    """Measure speed, in interleaved pairs, and write the figures to _build/bench.

    Example: course bench scratch
    """
    import subprocess

    found = project()
    folder = found.root / "course_lib" / "bench"
    programs = (path for path in folder.glob("*.py") if "def main(" in path.read_text(encoding="utf-8"))
    known = sorted(path.stem for path in programs)
    for name in names or known:
        if name not in known:
            raise CourseError(f"{name}: no such benchmark; the benchmarks are: {', '.join(known)}")
    for name in names or known:
        report = found.build / "bench" / f"{name}.json"
        print(f"{name}, figures in {report.relative_to(found.root)}", flush=True)
        command = [sys.executable, "-m", f"course_lib.bench.{name}", "--json", str(report)]
        if subprocess.run(command, cwd=found.root, check=False).returncode != 0:
            raise CourseError(f"the benchmark {name} failed; what it said stands above")


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Notebooks, folders of them, or zip files.")],
    roster: Annotated[Path | None, typer.Option(help="A CSV file of the class: number, name, perhaps file.")] = None,
    report: Annotated[Path, typer.Option(help="The folder for marks.json and junit.xml.")] = Path("_build/check"),
    drafts: Annotated[bool, typer.Option("--drafts", help="What is not attempted yet is no failure.")] = False,
    seconds: Annotated[float, typer.Option(min=1, help="For one call of a student's function.")] = 10,
    memory: Annotated[float, typer.Option(min=0.5, help="For one submission, in GB (on Linux).")] = 4,
    seed: Annotated[int | None, typer.Option(min=0, help="Draws the inputs; a new one every time without it.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Submissions at once; one per core without it.")] = None,
    cluster: Machines = None,
):
    """Mark lab notebooks that students handed in.

    Example: course check submissions/ late/anna.zip --roster class.csv
    """
    from course_lib.checks.handed_in import collected, marked

    found, students = collected(paths, roster, report)
    n = len(found.submissions)
    with display(n, "marking") as progress, machines(cluster, jobs, "compiled") as pool:
        results, lines, questions = marked(found, students, report, seed, jobs, seconds, memory, progress, pool)
    print("\n".join(lines))
    if pool is not None and pool.lost:
        raise CourseError(pool.lost)
    good = {"passed", "not attempted"} if drafts else {"passed"}
    sys.exit(1 if questions or not {result.state for result in results} <= good else 0)


@app.command()
def lab():
    """Open the notebooks in JupyterLab.

    Example: course lab
    """
    import subprocess

    sys.exit(subprocess.run([sys.executable, "-m", "jupyterlab"], cwd=project().root, check=False).returncode)


if __name__ == "__main__":
    main()
