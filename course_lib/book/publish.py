"""Build the site aside and switch to it in one step.

Sphinx with `-W` turns green on a second try, because a page it has read is not read again, and it never repairs a
damaged file. So its result counts only with a marker that is taken away before it starts and written after success.
"""

import errno
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat

from course_lib.book.address import present_address
from course_lib.book.navigation import SETTINGS, write_redirects
from course_lib.book.project import Project
from course_lib.book.published import make_links_absolute
from course_lib.book.stage import stage
from course_lib.common.errors import COLOUR, CourseError
from course_lib.common.files import (
    digest_json,
    digest_of,
    files_below,
    manifest,
    read_json,
    write_if_changed,
    write_json,
)

MARKER, HTML = "complete.json", "_build/html"
SPHINX = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]


def build(project: Project, progress: Callable[[str], None] = lambda line: None) -> bool:
    """Bring `_build/site` to the present state of pages and outputs. False when it was so already."""
    folder, attempts = project.build / "stage", project.build / "work"
    stage(project, folder)
    wanted = {"settings": settings_digest(project, folder / "_config.yml"), "stage": digest_json(manifest(folder))}
    finished = finished_build(attempts, wanted["settings"])
    done = read_json(finished / MARKER) if finished else None
    if finished and done and done["stage"] == wanted["stage"]:
        if whole(project.site, done["files"]):
            return False
    else:
        # A new name for every attempt: a Sphinx that outlived a killed run goes on writing under the old one.
        attempt = attempts / f"{os.getpid()}-{time.time_ns()}"
        attempts.mkdir(parents=True, exist_ok=True)
        if finished:
            (finished / MARKER).unlink()
            finished.rename(attempt)
        for other in attempts.iterdir():
            if other != attempt:
                shutil.rmtree(other, ignore_errors=True)
        progress("building the site with Sphinx")
        run_sphinx(folder, attempt)
        finish(project, folder, attempt / HTML)
        done = {**wanted, "files": manifest(attempt / HTML)}
        write_json(attempt / MARKER, done)
        finished = attempt
    publish(project, finished / HTML, done["files"])
    return True


def finished_build(attempts: Path, settings: str) -> Path | None:
    """The build that ended well, with these settings, and is undamaged; nothing else is built upon."""
    for attempt in attempts.glob("*"):
        done = read_json(attempt / MARKER)
        if isinstance(done, dict) and done["settings"] == settings and whole(attempt / HTML, done["files"]):
            return attempt
    return None


def settings_digest(project: Project, config: Path) -> str:
    """What changes every page at once; a change means a build from nothing. `config` knows the address."""
    paths = [config, *(project.root / name for name in ("_toc.yml", SETTINGS, "requirements.txt"))]
    for folder in ("_static", "_templates"):
        paths += files_below(project.root / folder)
    paths += sorted(Path(__file__).parent.glob("*.py"))
    return digest_json([platform.python_version(), *(digest_of(path) for path in paths)])


def whole(folder: Path, files: dict[str, str]) -> bool:
    """The folder holds exactly these files with exactly this content."""
    return folder.is_dir() and manifest(folder) == files


def run_sphinx(source: Path, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    command = [*SPHINX, "build", str(source), "--path-output", str(work), "-n", "-W", "--keep-going", "-q"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        log = COLOUR.sub("", result.stdout + result.stderr).replace(f"{source}{os.sep}", "")
        if "[Errno 28]" in log:
            raise OSError(errno.ENOSPC, "No space left on device")
        said = [line for line in log.splitlines() if "WARNING:" in line or "ERROR:" in line or "Exception" in line]
        raise CourseError(*(said or log.splitlines()[-20:]), "the site was not built; the old one stays")


def finish(project: Project, staged: Path, html: Path) -> None:
    """What Sphinx does not do: notebooks to download whose links work anywhere, redirects, and a word to GitHub."""
    address = present_address(project)
    for path in sorted(staged.rglob("*.ipynb")):
        name = path.relative_to(staged).with_suffix("").as_posix()
        notebook = nbformat.read(path, as_version=4)
        if address:
            make_links_absolute(project, notebook, name, address)
        write_if_changed(html / "_sources" / f"{name}.ipynb", nbformat.writes(notebook) + "\n")
    write_redirects(project, html, address)
    write_if_changed(html / ".nojekyll", "")  # GitHub Pages would leave out folders like _static


def publish(project: Project, html: Path, files: dict[str, str]) -> None:
    """Copy the finished site beside the old one, then switch. A kill leaves the old site or the new one."""
    sites = project.build / "sites"
    target = sites / digest_json(files)[:16]
    if not whole(target, files):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(html, target)
    switch(project.site, target)
    for old in sites.iterdir():
        if old != target:
            shutil.rmtree(old, ignore_errors=True)


def switch(site: Path, target: Path) -> None:
    """Point `site` to `target` by one rename, which no reader can catch half done."""
    if site.is_dir() and not site.is_symlink():
        shutil.rmtree(site)
    beside = site.with_name(".site.part")
    beside.unlink(missing_ok=True)
    try:
        beside.symlink_to(Path(target.parent.name, target.name), target_is_directory=True)
    except OSError:  # Windows without the right to make links: a copy, not atomic
        shutil.copytree(target, site)
        return
    os.replace(beside, site)
