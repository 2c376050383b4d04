"""An application that answers with what it was sent, for tests of the web server itself."""

from typing import Any


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Say the path and how long the body was; a path with `refuse` leaves the body unread."""
    refused = "refuse" in environ["PATH_INFO"]
    body = b"" if refused else environ["wsgi.input"].read()
    start_response("403 Forbidden" if refused else "200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['PATH_INFO']} {len(body)}".encode()]
