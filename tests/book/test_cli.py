"""The course command as a person meets it."""

import errno
import re
import shutil
import socket
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

from course_lib import cli
from course_lib.cli import app
from tests.tools import elsewhere

COMMANDS = [
    "sync",
    "run",
    "validate",
    "share",
    "build",
    "book",
    "notebooks",
    "status",
    "serve",
    "test",
    "test_all",
    "bench",
    "check",
    "lab",
]


def test_the_commands_are_these():
    assert sorted(command.callback.__name__ for command in app.registered_commands) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    command = command.replace("_", "-")
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Example: course {command}\b", result.output)


def test_output_is_plain_where_it_is_not_a_terminal(checkout):
    checkout.add_page("page")
    checkout.course("sync")
    said = checkout.course("run").stdout
    assert re.fullmatch(r"executed  lectures/01_tiny/page  \d+\.\d s\n1 executed, 0 unchanged, 0 failed\n", said)


def test_output_has_plain_signs_where_the_console_has_no_others(checkout):
    """The command `status` prints what a page is called, whatever the code page is."""
    checkout.write("note.py", "import sys\nfrom course_lib import cli\nsys.argv[1:] = ['status']\ncli.app = lambda: print('\u2713 \u2717 \u25cb \u0430')\ncli.main()\n")  # fmt: skip
    for encoding, expected in (("cp1252", "+ x o ?"), ("utf-8", "✓ ✗ ○ а")):
        environment = {**checkout.environment(), "PYTHONPATH": str(checkout.root), "PYTHONIOENCODING": encoding}
        command = [checkout.command()[0], "note.py"]
        result = subprocess.run(command, cwd=checkout.root, env=environment, capture_output=True, check=True)
        assert result.stdout.decode(encoding).strip() == expected


def test_a_progress_bar_shows_on_a_terminal(checkout):
    """In a pseudo-terminal the same command draws one bar and still names what it did."""
    if sys.platform == "win32":
        elsewhere("there are no pseudo-terminals on Windows")
    import ptyprocess as pty

    checkout.add_page("page")
    checkout.course("sync")
    environment = {**checkout.environment(), "TERM": "xterm", "COLUMNS": "100"}
    process = pty.PtyProcessUnicode.spawn(checkout.command("run"), cwd=str(checkout.root), env=environment)
    said = ""
    try:
        while True:
            said += process.read()
    except EOFError:
        pass
    assert "━" in said
    assert "1/1" in said
    assert "executed  lectures/01_tiny/page" in said
    assert "1 executed, 0 unchanged, 0 failed" in said


def test_status_says_of_each_page_how_it_stands(checkout):
    fine, broken, new = checkout.add_page("fine"), checkout.add_page("broken", "1 / 0"), checkout.add_page("new")
    checkout.course("sync")
    checkout.course("run", "fine", "broken", check=False)
    lines = {line.split()[0]: line for line in checkout.course("status").stdout.splitlines()}
    assert re.search(r"\d\.\d s +1 claims +not validated here$", lines[fine])
    assert lines[broken].endswith("failed")
    assert lines[new].endswith("to run")
    checkout.course("validate", "fine")
    assert "reproduced" in checkout.course("status").stdout


def test_a_command_of_another_checkout_is_refused(checkout, new_checkout):
    other = new_checkout()
    environment = {**checkout.environment(), "PYTHONPATH": str(other.root), "PYTHONSAFEPATH": "1"}
    result = subprocess.run(
        checkout.command("status"), cwd=checkout.root, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {checkout.root}: this command belongs to another checkout")


def test_serve_without_a_site_and_on_a_used_port(checkout):
    assert checkout.course("serve", check=False).stderr == "error: there is no site yet; run: make book\n"
    checkout.write("_build/site/index.html", "<h1>Hello</h1>")
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = used.getsockname()[1]
        result = checkout.course("serve", "--port", str(port), check=False)
    assert result.stderr == f"error: port {port} is in use; choose another: course serve --port {port + 1}\n"


def test_serve_shows_the_site(checkout):
    checkout.write("_build/site/index.html", "<h1>Hello</h1>")
    process = subprocess.Popen(
        checkout.command("serve", "--port", "0"),
        cwd=checkout.root,
        env={**checkout.environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.match(r"http://localhost:\d+", process.stdout.readline()).group()
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert answer.read() == b"<h1>Hello</h1>"
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), shutil.Error(["a", "b", "[Errno 28] No space"])]
)
def test_a_full_disk_is_one_sentence(monkeypatch, error):
    def full():
        raise error

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert str(stopped.value).startswith("error: the disk is full; free some space and run the same command again")


def test_other_errors_of_the_system_keep_their_traceback(monkeypatch):
    def broken():
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(PermissionError):
        cli.main()
