"""The server as users start it: it answers, refuses addresses that are open to others, and ends cleanly."""

from __future__ import annotations

import signal
import socket
import struct
import threading

import pytest
from asking import make_space
from process import Running, everything, running, status, until

from shapespace.cli.main import main
from shapespace.serve.wire import unpack


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    make_space().save(path / "space.safetensors")
    return path


@pytest.fixture(scope="module")
def server(folder):
    """One that gives up soon, so that a test need not wait long; it ends by SIGTERM though requests are half sent."""
    with running(folder, environment={"SHAPESPACE_PATIENCE": "3"}) as started:
        yield started
        with started.connect() as half, started.connect() as withheld:
            half.sendall(b"GET / HT")
            withheld.sendall(b"POST /api/spaces/x/sample HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n")
            assert started.end(signal.SIGTERM) == 0
        assert started.process.stderr is not None
        assert started.process.stderr.read() == ""


def name_of(folder) -> str:
    return folder.name.lower()


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_it_answers(server, folder):
    assert status(server.get("/api/health")) == 200
    answer = server.post(f"/api/spaces/{name_of(folder)}/sample", b'{"n": 3, "seed": 9}')
    assert unpack(body_of(answer)).latents.shape == (3, 6)


@pytest.mark.slow
def test_ctrl_c_ends_it_and_what_was_begun_is_finished(folder):
    with running(folder, "--token", "new") as server:
        answers: list[bytes] = []
        assert server.token is not None
        assert len(server.token) >= 32
        assert status(server.get("/api/spaces")) == 401
        assert status(server.get(f"/?token={server.token}")) == 303
        body = b'{"n": 64, "format": "npz"}'
        head = f"POST /api/spaces/{name_of(folder)}/sample HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        more = f"authorization: bearer {server.token}\r\ncontent-type: application/json\r\n"
        request = (head + more).encode() + b"content-length: %d\r\n\r\n" % len(body) + body
        threads = [threading.Thread(target=lambda: answers.append(server.send(request))) for _ in range(6)]
        for thread in threads:
            thread.start()
        bearer = f"GET /api/metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n".encode()
        assert until(lambda: b"shapes_decoded_total" in server.send(bearer))
        server.process.send_signal(signal.SIGINT)
        for thread in threads:
            thread.join(60)
        assert server.process.wait(60) == 0
        assert {status(answer) for answer in answers if answer} == {200}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "shapes.example"])
def test_an_address_open_to_others_needs_a_token(capsys, host):
    assert main(["serve", "chair", "--host", host]) == 2
    assert "--token" in one_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--port", "70000"], 2, "--port"),
        (["--token", "short"], 2, "--token"),
        (["nothing-like-this", "--port", "0"], 3, "shipped spaces"),
    ],
)
def test_what_cannot_be_meant_is_one_line(capsys, arguments, code, word):
    assert main(["serve", *arguments]) == code
    assert word in one_line(capsys)


def test_a_patience_that_is_no_number_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv("SHAPESPACE_PATIENCE", "soon")
    assert main(["serve"]) == 2
    assert "SHAPESPACE_PATIENCE" in one_line(capsys)


def test_a_taken_port_is_one_line(server, capsys):
    assert main(["serve", "chair", "--port", str(server.port)]) == 4
    assert "choose another --port" in one_line(capsys)


def one_line(capsys) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\0" * 100,
        b"GET / HTTP/1.1\r\nhost: a\r\n b: c\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"a" * 20_000,
        b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_answered_400_and_closed(server, data):
    answer = server.send(data + b"\r\n\r\n")
    assert status(answer) in (400, 403, 404, 413, 415)
    assert status(server.get("/api/health")) == 200


def test_a_connection_is_used_again(server):
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b'{"status":"ok"}'):
                answer += connection.recv(4096)
            assert status(answer) == 200


def test_requests_behind_one_another_are_answered_in_order(server, folder):
    one = b"GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    answer = server.send(one * 3 + last)
    assert answer.count(b'{"status":"ok"}') == 3
    assert b"not_found" in answer.rpartition(b"ok")[2]


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [("sample", "application/json", 1 << 20), ("reconstruct", "image/png", 16 << 20)],
)
def test_a_huge_upload_is_refused_and_leaves_no_trace(server, folder, path, kind, most):
    """S3, short: declared and chunked bodies of 1 GiB; the answer comes after the limit at the latest."""
    before = server.resident_mb()
    where = f"/api/spaces/{name_of(folder)}/{path}"
    head = f"POST {where} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n"
    assert status(server.send((head + "content-length: 1073741824\r\n\r\n").encode())) == 413
    piece = b"%x\r\n" % (1 << 18) + b"x" * (1 << 18) + b"\r\n"
    with server.connect() as connection:
        connection.sendall((head + "transfer-encoding: chunked\r\n\r\n").encode())
        sent = send_until_answered(connection, piece, 2 * most)
        assert status(everything(connection)) == 413
    assert sent <= most + (8 << 20)  # what the system holds between the two comes on top of the limit
    assert server.resident_mb() - before < 64
    assert status(server.get("/api/health")) == 200


def send_until_answered(connection: socket.socket, piece: bytes, most: int) -> int:
    """Return how many bytes were sent before an answer lay there."""
    sent, view = 0, memoryview(piece)
    while sent < most:
        connection.setblocking(False)
        try:
            if connection.recv(1, socket.MSG_PEEK):
                break
        except BlockingIOError:
            pass
        connection.settimeout(60)
        connection.sendall(view)
        sent += len(piece)
    connection.settimeout(60)
    return sent


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "application/gzip", "application/x-www-form-urlencoded"]
)
def test_multipart_and_compressed_bodies_are_refused_unread(server, folder, kind):
    parts = b"".join(b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n" for _ in range(10_000))
    answer = server.post(f"/api/spaces/{name_of(folder)}/sample", parts, kind)
    assert status(answer) == 415


BEGINNINGS = [
    b"",
    b"GET / HTTP/1.1\r\nhost: local",
    b"POST /api/spaces/x/sample HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: 100\r\n\r\n{",
]


def test_half_sent_requests_are_closed_even_if_they_drip(server):
    """S4, short."""
    silent, dripping = ([server.connect() for _ in BEGINNINGS] for _ in range(2))
    for connection, beginning in zip([*silent, *dripping], BEGINNINGS * 2, strict=True):
        connection.sendall(beginning)
    assert until(lambda: sum(drip_closed(each) for each in dripping) == 3)
    assert all(closed(each) for each in silent)  # within the socket's own minute, or it raises
    for each in (*silent, *dripping):
        each.close()
    assert status(server.get("/api/health")) == 200


def drip_closed(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"a")
    except OSError:
        return True
    return False


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1 << 16) == b""
    except ConnectionError:
        return True


def test_a_reader_who_stops_reading_is_closed(server: Running, folder):
    """S4, short: answers larger than what the system buffers, none of it read."""
    body = b'{"n": 64, "format": "json"}'
    head = (
        f"POST /api/spaces/{name_of(folder)}/sample HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    )
    request = head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(60)
        slow.connect(("127.0.0.1", server.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        slow.sendall(request * 40)
        assert until(lambda: b'reason="answer not read"} ' in server.get("/api/metrics"))
        assert until(lambda: b"shapespace_unsent_bytes 0" in server.get("/api/metrics"))
