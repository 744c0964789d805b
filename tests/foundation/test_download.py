"""Downloading survives what networks, servers and disks do; unpacking never writes elsewhere."""

import errno
import hashlib
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from foundation import download as module
from foundation.download import DownloadError, Remote, download, unpack
from foundation.errors import InputError

BODY = bytes(range(256)) * 4096  # 1 MiB
NAME = "corpus.zip"


@dataclass
class Server:
    """A server on this machine whose behaviour a test sets, and which remembers what it sent."""

    url: str = ""
    body: bytes = BODY
    mode: str = "normal"
    cut_after: int = len(BODY) // 2
    failures: int = 0  # answers that go wrong before the server recovers
    failing_status: int = 503
    etag: str = '"first"'
    ranges: list[str | None] = field(default_factory=list)
    sent: int = 0

    def remote(self, md5: str | None = "") -> Remote:
        right = hashlib.md5(self.body).hexdigest()
        return Remote(NAME, f"{self.url}/{NAME}?download=1", right if md5 == "" else md5)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def answer(self, status: int, *headers: tuple[str, object]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, str(value))
            self.end_headers()

        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.ranges.append(wanted)
            failing = state.failures > 0
            state.failures -= failing
            if failing and state.mode == "status":
                return self.answer(state.failing_status, ("Content-Length", 0))
            if failing and state.mode == "silent":
                time.sleep(0.6)
                return
            start = int(wanted[6:-1]) if wanted else 0
            if self.headers["If-Range"] not in (None, state.etag):
                start = 0
            total = len(state.body)
            if state.mode == "no ranges" or not start:
                start = 0
                self.answer(200, ("Content-Length", total), ("ETag", state.etag))
            elif start >= total:
                return self.answer(
                    416, ("Content-Range", f"bytes */{total}"), ("Content-Length", 0)
                )
            else:
                first = 0 if failing and state.mode == "wrong range" else start
                self.answer(
                    206,
                    ("Content-Range", f"bytes {first}-{total - 1}/{total}"),
                    ("Content-Length", total - first),
                    ("ETag", state.etag),
                )
            part = state.body[start:]
            if failing and state.mode in ("cut", "no ranges"):
                part = part[: state.cut_after]
                self.close_connection = True
            if state.mode == "stall":
                return self.stall(part)
            state.sent += len(part)  # before it goes out: a quick client asks at once
            self.wfile.write(part)

        def stall(self, part: bytes) -> None:
            # The client is stopped while it waits, however slow this machine is.
            self.wfile.write(part[: state.cut_after])
            while state.mode == "stall":
                time.sleep(0.02)
            self.close_connection = True

    class Calm(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that was killed is what some tests are about

    with Calm(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        state.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield state
        http.shutdown()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 10.0)
    monkeypatch.setenv("NO_PROXY", "*")


def fetch(server: Server, folder: Path) -> Path:
    return download(server.remote(), folder, progress=False)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    path = fetch(server, folder)
    assert path.read_bytes() == BODY
    assert names(folder) == [NAME]
    assert fetch(server, folder) == path
    assert len(server.ranges) == 1


def test_the_progress_bar_counts_bytes(
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    download(server.remote(), tmp_path, progress=True)
    assert "1.05M/1.05M" in capsys.readouterr().err


def test_a_cut_connection_is_continued_without_fetching_twice(
    server: Server, tmp_path: Path
) -> None:
    server.mode, server.failures = "cut", 1
    assert fetch(server, tmp_path).read_bytes() == BODY
    first, second = server.ranges
    assert first is None
    assert second is not None
    resumed_at = int(second[6:-1])
    # What a cut may lose is the chunk on its way, never what was written before.
    assert server.cut_after - module.CHUNK_BYTES <= resumed_at <= server.cut_after
    assert server.sent == server.cut_after + len(BODY) - resumed_at


def test_a_partial_of_an_earlier_run_is_continued(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.partial").write_bytes(BODY[:1000])
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-"]
    assert server.sent == len(BODY) - 1000


def test_a_complete_partial_needs_no_more_bytes(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.partial").write_bytes(BODY)
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.sent == 0


def test_a_partial_longer_than_the_file_starts_over(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.partial").write_bytes(BODY + b"more")
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_a_server_that_ignores_range_starts_over(server: Server, tmp_path: Path) -> None:
    server.mode, server.failures = "no ranges", 1
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert len(server.ranges) == 2


def test_a_server_that_continues_elsewhere_starts_over(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.partial").write_bytes(BODY[:1000])
    server.mode, server.failures = "wrong range", 1
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]


def test_a_file_that_changes_between_attempts_is_not_mixed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.mode, server.failures = "cut", 1
    newer = BODY[::-1]

    def change(seconds: float) -> None:
        server.body, server.etag = newer, '"second"'

    monkeypatch.setattr(module.time, "sleep", change)
    path = download(server.remote(md5=None), tmp_path, progress=False)
    assert path.read_bytes() == newer


def test_a_wrong_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="MD5"):
        download(server.remote(md5="0" * 32), tmp_path, progress=False)
    assert names(tmp_path) == []


def test_a_broken_file_of_that_name_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"half")
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_without_a_known_checksum_the_length_decides(server: Server, tmp_path: Path) -> None:
    server.mode, server.failures = "cut", 1
    assert download(server.remote(md5=None), tmp_path, progress=False).read_bytes() == BODY


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_not_repeated(server: Server, tmp_path: Path, status: int) -> None:
    server.mode, server.failures, server.failing_status = "status", 9, status
    with pytest.raises(DownloadError, match=rf"answered {status}.*--url"):
        fetch(server, tmp_path)
    assert len(server.ranges) == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path, status: int) -> None:
    server.mode, server.failures, server.failing_status = "status", 2, status
    assert fetch(server, tmp_path).read_bytes() == BODY


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path: Path) -> None:
    server.mode, server.failures = "status", 99
    with pytest.raises(DownloadError, match=r"3 attempts.*503.*same command again"):
        fetch(server, tmp_path)
    assert len(server.ranges) == 3


def test_a_silent_server_is_given_up_within_the_timeout(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.3)
    server.mode, server.failures = "silent", 99
    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"no answer within 0\.3 s"):
        fetch(server, tmp_path)
    assert time.monotonic() - start < 8


def test_giving_up_says_what_is_kept(server: Server, tmp_path: Path) -> None:
    server.mode, server.failures, server.cut_after = "cut", 99, 200_000
    with pytest.raises(DownloadError, match=r"0\.[56] MB are kept in .*partial"):
        fetch(server, tmp_path)
    server.failures = 0
    assert fetch(server, tmp_path).read_bytes() == BODY


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/x.zip", "cut or refused"),
        ("http://no-such-host.invalid/x.zip", "name is not known"),
        ("ftp://127.0.0.1/x.zip", "check the address"),
        ("not an address", "check the address"),
        ("http://", "check the address"),
    ],
)
def test_an_address_that_leads_nowhere(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(DownloadError, match=words):
        download(Remote(NAME, url), tmp_path, progress=False)


def test_a_mirror_replaces_the_address(server: Server, tmp_path: Path) -> None:
    elsewhere = Remote(NAME, "http://127.0.0.1:9/", hashlib.md5(BODY).hexdigest())
    path = download(elsewhere, tmp_path, url=f"{server.url}/mirror", progress=False)
    assert path.read_bytes() == BODY


def test_too_little_room_is_said_before_anything_is_written(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DownloadError, match=rf"{len(BODY)} bytes needed, 1000 bytes free"):
        fetch(server, tmp_path)
    assert names(tmp_path) == []


def test_a_disk_that_fills_up_keeps_what_came(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    class Full(io.FileIO):
        written = 0

        def write(self, data: object) -> int:
            if self.written > 300_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            count = super().write(data)  # type: ignore[arg-type]
            self.written += count
            return count

    def open_full(self: Path, mode: str = "r", *rest: object) -> object:
        return Full(self, mode) if mode in ("wb", "ab") else opened(self, mode)

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(DownloadError, match=r"is full: \d+ bytes needed, \d+ bytes free.*kept"):
        fetch(server, tmp_path)
    assert names(tmp_path) == [f"{NAME}.partial"]
    monkeypatch.setattr(Path, "open", opened)
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges[1] is not None


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if sys.platform != "linux" or not shutil.which("mount"):
        pytest.skip("needs Linux, to mount a tiny disk")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tiny disk is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_really_full_disk(
    server: Server, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DownloadError, match="is full"):
        fetch(server, tiny_disk)
    usage = shutil.disk_usage(tiny_disk)._replace(free=1 << 40)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DownloadError, match="is full"):
        fetch(server, tiny_disk)
    assert names(tiny_disk) == [f"{NAME}.partial"]


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(DownloadError, match="cannot write"):
        fetch(server, tmp_path / "file")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_download_goes_on_where_it_stopped(
    server: Server, tmp_path: Path, how: signal.Signals
) -> None:
    server.mode = "stall"
    remote = server.remote()
    code = "import signal, sys; from foundation.download import Remote, download; "
    # A test run in the background of a shell ignores Ctrl-C, and hands that down.
    code += "signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "download(Remote(*sys.argv[1:4]), sys.argv[4], progress=False)"
    arguments = [remote.filename, remote.url, str(remote.md5), str(tmp_path)]
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=Path(module.__file__).parent.parent,
        stderr=subprocess.DEVNULL,
    )
    partial = tmp_path / f"{NAME}.partial"
    for _ in range(1500):
        if partial.exists() and partial.stat().st_size > 200_000:
            break
        time.sleep(0.02)
    child.send_signal(how)
    assert child.wait(10) != 0
    kept = partial.stat().st_size
    assert names(tmp_path) == [partial.name]
    assert 200_000 < kept < len(BODY)
    server.mode = "normal"
    assert fetch(server, tmp_path).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={kept}-"]


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_unpacking_can_be_repeated(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / NAME, {"Actor_01/a.wav": b"aa", "Actor_02/b.wav": b"bb"})
    folder = tmp_path / "corpus"
    files = unpack(archive, folder, progress=False)
    assert [path.relative_to(folder).as_posix() for path in files] == [
        "Actor_01/a.wav",
        "Actor_02/b.wav",
    ]
    untouched, broken = files
    before = untouched.stat().st_mtime_ns
    broken.write_bytes(b"xx")  # the same length, another content
    assert unpack(archive, folder, progress=False) == files
    assert broken.read_bytes() == b"bb"
    assert untouched.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:/evil", "C:evil", r"..\evil", r"\\host\x\evil"]
)
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    archive = make_zip(tmp_path / NAME, {"good.wav": b"good", name: b"evil"})
    folder = tmp_path / "deep" / "corpus"
    with pytest.raises(DownloadError, match="leads out of the folder"):
        unpack(archive, folder, progress=False)
    assert names(tmp_path) == [NAME]  # not even the good one


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("Actor_01")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / NAME, "w") as archive:
        archive.writestr(link, "/tmp")
        archive.writestr("Actor_01/evil", b"evil")
    with pytest.raises(DownloadError, match="is a link"):
        unpack(tmp_path / NAME, tmp_path / "corpus", progress=False)
    assert names(tmp_path) == [NAME]


def test_a_link_that_is_already_there_is_not_followed(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / NAME, {"Actor_01/evil": b"evil"})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "corpus").mkdir()
    try:
        (tmp_path / "corpus" / "Actor_01").symlink_to(tmp_path / "elsewhere")
    except OSError:
        pytest.skip("links cannot be made here")
    with pytest.raises(DownloadError, match="through a link"):
        unpack(archive, tmp_path / "corpus", progress=False)
    assert names(tmp_path / "elsewhere") == []


def test_what_is_not_a_zip_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"<html>please log in</html>"):
        (tmp_path / NAME).write_bytes(content)
        with pytest.raises(DownloadError, match="not a whole zip"):
            unpack(tmp_path / NAME, tmp_path / "corpus", progress=False)
    with pytest.raises(DownloadError, match="cannot unpack"):
        unpack(tmp_path / "missing.zip", tmp_path / "corpus", progress=False)


def test_a_damaged_member_leaves_no_file_behind(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / NAME, {"good.wav": b"good" * 99, "bad.wav": os.urandom(5000)})
    content = bytearray(archive.read_bytes())
    place = content.index(b"bad.wav") + 2000
    content[place] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(DownloadError, match="not a whole zip"):
        unpack(archive, tmp_path / "corpus", progress=False)
    assert names(tmp_path / "corpus") == ["good.wav"]


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / NAME, {"a.wav": os.urandom(5000)})
    archive.write_bytes(archive.read_bytes()[:3000])
    with pytest.raises(DownloadError, match="not a whole zip"):
        unpack(archive, tmp_path / "corpus", progress=False)


def test_too_little_room_to_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_zip(tmp_path / NAME, {"a.wav": bytes(5000)})
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DownloadError, match="5000 bytes needed, 1000 bytes free"):
        unpack(archive, tmp_path / "corpus", progress=False)
    assert names(tmp_path / "corpus") == []


def test_a_disk_that_fills_up_while_unpacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make_zip(tmp_path / NAME, {"a.wav": bytes(5000)})

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfileobj", full)
    with pytest.raises(InputError, match="make room"):
        unpack(archive, tmp_path / "corpus", progress=False)
    assert names(tmp_path / "corpus") == []
