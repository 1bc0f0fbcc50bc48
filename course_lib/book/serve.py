"""A local web server for the built site."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from course_lib.common.errors import CourseError


def serve(site: Path, port: int) -> None:
    """Serve `site` on this machine only, until interrupted."""
    if not (site / "index.html").is_file():
        raise CourseError("there is no site yet; run: make book")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(site)))
    except OSError:
        raise CourseError(f"port {port} is in use; choose another: course serve --port {port + 1}") from None
    print(f"http://localhost:{server.server_port}  (stop with Ctrl-C)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
