"""A server of files on this machine that can fail in several ways, and archives for it."""

import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Serves what is in `files`, and does to each answer what `then` says, request by request.

    "whole" sends it; "unsized" does not say its length; "half" breaks the connection off in the
    middle; "stall" stops in the middle until `go` is set; a number is a status of HTTP. The last
    one holds for all later requests.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.then: list[str | int] = ["whole"]
        self.asked: list[str] = []
        self.stalled = threading.Event()
        self.go = threading.Event()

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def handle_error(self, request, client_address) -> None:
        pass  # a client that was killed


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        server = self.server
        server.asked.append(name)
        deed = server.then.pop(0) if len(server.then) > 1 else server.then[0]
        if isinstance(deed, int) or name not in server.files:
            self.send_error(deed if isinstance(deed, int) else 404)
            return
        content = server.files[name]
        self.send_response(200)
        if deed != "unsized":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        middle = len(content) // 2
        self.wfile.write(content[:middle])
        self.wfile.flush()
        if deed == "stall":
            server.stalled.set()
            server.go.wait(60)
        if deed != "half":
            self.wfile.write(content[middle:])

    def log_message(self, *arguments) -> None:
        pass


def tar(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in others:
            archive.addfile(member)
    return stream.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
