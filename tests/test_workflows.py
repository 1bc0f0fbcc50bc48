"""The workflows call what exists: make targets, commands with their options, scripts that bash can read, each other's artifacts."""

import re
import shlex
import subprocess

import pytest
import typer
import yaml

from course_lib import bootstrap
from course_lib.cli import app
from tests.tools import ROOT, program

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
WORKFLOWS = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
STEPS = [
    (f"{name}:{job}:{number}", step)
    for name, workflow in WORKFLOWS.items()
    for job, content in workflow["jobs"].items()
    for number, step in enumerate(content["steps"])
]
RUNS = [(place, step["run"]) for place, step in STEPS if "run" in step] + [
    (".ci/run", (ROOT / ".ci/run").read_text(encoding="utf-8"))
]
BY_BOOTSTRAP = {"lock": {"--check"}, "setup": set()}  # the commands that need no .venv
# What a runner has, and bash itself. Everything else must be a target or a command of ours.
PROGRAMS = {
    "[", "apt-get", "break", "cat", "cd", "command", "cp", "echo", "exit", "export", "gh", "git", "make", "python", "sed", "set",
    "tar", "xargs", "zip",
}  # fmt: skip

OPENS = {"if", "then", "else", "do", "!", "{"}  # a command follows
CLOSES = {"for", "fi", "done", "}"}  # none does

every_run = pytest.mark.parametrize(("place", "script"), RUNS, ids=[place for place, _ in RUNS])


def commands() -> dict[str, set[str]]:
    """Every command of the course with its options."""
    group = typer.main.get_command(app)
    found = {name: {option for each in one.params for option in each.opts} for name, one in group.commands.items()}
    return found | BY_BOOTSTRAP


def targets() -> set[str]:
    return set(re.search(r"^TARGETS = (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split())


def calls(script: str) -> list[list[str]]:
    """The words of a script's simple commands, each without the redirections that follow it."""
    text = re.sub(r"\$\{\{.*?\}\}", "x", script).replace("\\\n", " ")  # GitHub's expressions; lines that go on
    text = re.sub(r"\$\(\(.*?\)\)", "1", text)
    lexer = shlex.shlex(text.replace("\n", " ;\n"), posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    found, words = [], []
    for token in [*lexer, ";"]:
        if set(token) <= set(";&|"):
            while words and (words[0] in OPENS or re.match(r"\w+=", words[0])):
                words = words[1:]
            if words and words[0] not in CLOSES:
                found.append(words[: next((i for i, word in enumerate(words) if set(word) <= set("<>")), len(words))])
            words = []
        else:
            words.append(token)
    return [words for words in found if words]


def wrong_calls(script: str) -> list[str]:
    """What a script calls that is not there."""
    wrong = []
    for words in calls(script):
        if words[0] == "xargs":
            words = words[1:]
        if words[0] == "make":
            wrong += [f"make {word}" for word in words[1:2] if word not in targets()]
        elif words[:2] == ["python", "-m"] and words[2] in ("course_lib", "course_lib.cli"):
            known = commands()
            name, options = words[3], {word.split("=")[0] for word in words[4:] if word.startswith("--")}
            wrong += [f"course {name}"] if name not in known else [f"course {name} {o}" for o in options - known[name]]
        elif words[0] not in PROGRAMS | {".ci/run"}:
            wrong.append(words[0])
    return wrong


def test_there_are_workflows_for_units_pages_site_and_night():
    assert {"unit", "pages", "site"} == WORKFLOWS["ci.yml"]["jobs"].keys()
    (night,) = WORKFLOWS["nightly.yml"]["jobs"].values()
    assert [step["run"] for step in night["steps"] if "run" in step] == ["make test-all"]


@every_run
def test_a_workflow_calls_what_exists(place, script):
    assert wrong_calls(script) == []


def test_a_wrong_call_would_be_found():
    script = (
        "make bok\nxargs python -m course_lib runn < x | python -m course_lib.cli run --nosuch\nnosuch && make test"
    )
    assert wrong_calls(script) == ["make bok", "course runn", "course run --nosuch", "nosuch"]


@every_run
def test_bash_can_read_it(place, script):
    text = re.sub(r"\$\{\{.*?\}\}", "x", script)
    result = subprocess.run([program("bash"), "-n", "-c", text], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_targets_are_commands():
    assert targets() <= commands().keys()
    assert set(re.findall(r"make (\S+) ", (ROOT / "Makefile").read_text())) >= targets() - {"setup"}
    assert bootstrap.EXTRAS.keys() <= targets() | {"cluster"}  # which is an option


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_needs_jobs_that_exist_and_may_do_no_more_than_it_says(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"]
    for job in workflow["jobs"].values():
        needs = job.get("needs", [])
        assert {needs} if isinstance(needs, str) else set(needs) <= workflow["jobs"].keys()
        assert job["timeout-minutes"] and "latest" not in job["runs-on"]


@pytest.mark.parametrize(("place", "step"), STEPS, ids=[place for place, _ in STEPS])
def test_a_step_runs_one_thing_of_a_version_and_knows_its_names(place, step):
    name, job, _ = place.split(":")
    assert ("run" in step) != ("uses" in step)
    if "uses" in step:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@v\d+(\.\d+)*|[\w-]+/[\w/-]+@[0-9a-f]{40}", step["uses"])
    known = {f"matrix.{each}" for each in WORKFLOWS[name]["jobs"][job].get("strategy", {}).get("matrix", {})}
    ids = {each["id"] for each in WORKFLOWS[name]["jobs"][job]["steps"] if "id" in each}
    for expression in re.findall(r"\$\{\{(.*?)\}\}", yaml.safe_dump(step, width=1000)):
        for word in re.findall(r"(matrix\.\w+)", expression):
            assert word in known, f"{place}: {word}"
        for word in re.findall(r"steps\.(\w+)", expression):
            assert word in ids, f"{place}: {word}"


def test_what_one_workflow_takes_another_leaves():
    """publish takes the site of the workflow ci by these two names."""
    assert "ci" in WORKFLOWS["publish.yml"][True]["workflow_run"]["workflows"]  # YAML reads `on` as a truth
    assert WORKFLOWS["ci.yml"]["name"] == "ci"
    left = {step["with"]["name"] for _, step in STEPS if "upload-artifact@" in step.get("uses", "")}
    taken = {
        step["with"].get("name") or step["with"]["pattern"]
        for _, step in STEPS
        if "download-artifact@" in step.get("uses", "")
    }
    assert {"site", "share-*"} == taken
    assert "site" in left and "share-${{ matrix.share }}" in left


def test_the_shares_are_all_shares():
    job = WORKFLOWS["ci.yml"]["jobs"]["pages"]
    n_shares = len(job["strategy"]["matrix"]["share"])
    assert job["strategy"]["matrix"]["share"] == list(range(1, n_shares + 1))
    (call,) = [step["run"] for step in job["steps"] if " share " in step.get("run", "")]
    assert f"}}}}/{n_shares}" in call


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_fork_needs_no_edit(path):
    """No workflow names a repository or an owner but those of the actions it uses."""
    text = re.sub(r"uses: \S+", "", path.read_text(encoding="utf-8"))
    assert not re.findall(r"github\.com/[\w-]+/\w", text)
    assert "github.repository ==" not in text and "repository_owner" not in text
    assert text.startswith("#"), "a workflow begins by saying what it is for"
