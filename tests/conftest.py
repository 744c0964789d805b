"""What all tests share: folders of their own, the command line, and the project's own tracks.

With pytest-xdist (`make test`), every file is the work of one process, so that what its tests
share is made once; files that take long are begun first, so that no process is alone at the end.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from filelock import FileLock

from app.command.main import main
from clustering.music.workers import NUMBA_VARIABLE, numba_folder
from foundation.user_data import CACHE_HOME_VARIABLE, CONFIG_HOME_VARIABLE, DATA_HOME_VARIABLE

# What Numba compiles takes long: it is kept for all tests and the processes that they start.
ROOT = Path(__file__).resolve().parents[1]
os.environ[CACHE_HOME_VARIABLE] = str(ROOT / "build" / "tests")
os.environ[NUMBA_VARIABLE] = str(numba_folder())
COMPILING = ROOT / "build" / "tests" / "compiling.lock"
COMPILES = """
from filelock import FileLock

with FileLock({lock!r}):
    print("begun", flush=True)
    from clustering.music.descriptors import compile_first

    compile_first()
"""
HEAVY = "heavy; `make test-all` runs it"
LONGEST = (
    "2_train_emotion_model.ipynb",
    "test_train.py",
    "test_wheel.py",
    "test_runs.py",
    "3_cluster_tracks.ipynb",
    "test_run_notebook.py",
    "test_spotify.py",
    "test_large_tables.py",
    "test_mood_evaluation.py",
)


def pytest_addoption(parser):
    parser.addoption("--without-heavy", action="store_true", help="skip the tests marked heavy")


def pytest_configure(config):
    # Processes that compile librosa at once may keep halves that crash together (numba/numba, issue
    # 10128): one does it, while the others collect, and they begin when it is done.
    if config.getoption("numprocesses", None):
        program = COMPILES.format(lock=str(COMPILING))
        compiler = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        compiler.stdout.readline()  # it has the lock
        config.add_cleanup(compiler.stdout.close)
        config.add_cleanup(compiler.wait)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    if "PYTEST_XDIST_WORKER" in os.environ:
        with FileLock(COMPILING):  # of a process that ended, however it did
            pass


def pytest_collection_modifyitems(config, items):
    if config.getoption("without_heavy"):
        for item in items:
            if item.get_closest_marker("heavy"):
                item.add_marker(pytest.mark.skip(reason=HEAVY))
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = {name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    n_heavy = sum(HEAVY in str(report.longrepr) for report in skipped)
    if n_heavy:
        terminalreporter.write_line(f"{n_heavy} heavy tests left out: `make test-all` runs them")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path_factory):
    """Keep every test away from the folders of whoever runs it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(folder / "data"))
    monkeypatch.setenv(CONFIG_HOME_VARIABLE, str(folder / "config"))
    for variable in ("NO_PROXY", "no_proxy"):  # the servers of tests are on this computer
        monkeypatch.setenv(variable, "127.0.0.1,localhost")
    return folder


class OddServer:
    """A server on this computer that answers each request with pieces of bytes, as they come."""

    def __init__(self, answer, pause_seconds=0.0):
        self.requests = []
        self._answer, self._pause, self._over = answer, pause_seconds, threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection):
        with contextlib.suppress(OSError), connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += self._received(connection)
            told = re.search(rb"(?i)\r\nContent-Length: *(\d+)", request)
            while told and len(request.partition(b"\r\n\r\n")[2]) < int(told[1]):
                request += self._received(connection)
            self.requests.append(request)
            for piece in self._answer(request):
                if self._over.wait(self._pause):
                    return
                connection.sendall(piece)

    def _received(self, connection):
        piece = connection.recv(1 << 20)
        if not piece:
            raise ConnectionError("the client is gone")
        return piece

    def stop(self):
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def odd_server():
    """`odd_server(answer, pause_seconds)` answers with the pieces that `answer(request)` yields."""
    servers = []

    def start(answer, pause_seconds=0.0):
        servers.append(OddServer(answer, pause_seconds))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def emotify(monkeypatch, capsys):
    """Run the command line in this process: `emotify(*arguments) -> (code, out, err)`."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["emotify", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return stop.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def catalogue():
    """The project's own tracks and moods; nothing may change them."""
    from clustering.choice.opening import open_catalogue

    return open_catalogue()


@pytest.fixture(scope="session")
def record():
    """Write sound as phones, browsers and cameras do, with PyAV's encoders.

    ``record(path, samples, rate_hz, codec, *, container, layout, bit_rate, picture, options)``:
    `picture` is the codec of a video that goes with it, `options` are the container's and the
    encoder's; a path that ends in ``.stream`` is written without ever going back in it.
    """

    def run(
        path, samples, rate_hz, codec, *, container=None, layout="mono", bit_rate=64_000,
        picture=None, options=None,
    ):  # fmt: skip
        options = options or {}
        with path.open("wb") as file:
            if path.suffix == ".stream":
                file.seekable = lambda: False
            with av.open(file, "w", format=container, container_options=options) as out:
                video = None if picture is None else out.add_stream(picture, rate=10)
                track = out.add_stream(codec, rate=rate_hz, layout=layout, options=options)
                if codec not in ("alac", "flac") and not codec.startswith("pcm"):
                    track.bit_rate = bit_rate
                if video is not None:
                    video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
                    for number in range(round(10 * len(samples) / rate_hz)):
                        still = np.full((48, 64, 3), number, np.uint8)
                        image = av.VideoFrame.from_ndarray(still).reformat(format="yuv420p")
                        image.pts, image.time_base = number, Fraction(1, 10)
                        out.mux(video.encode(image))
                    out.mux(video.encode(None))
                for frame in frames(samples, rate_hz, track.codec_context):
                    out.mux(track.encode(frame))
                out.mux(track.encode(None))
        return path

    def frames(samples, rate_hz, encoder):
        fitting = av.AudioResampler(
            encoder.format, encoder.layout, rate_hz, frame_size=encoder.frame_size or 1024
        )
        mono = np.asarray(samples, np.float32)[None]
        packed = np.repeat(mono.T, encoder.channels, axis=1).reshape(1, -1)
        whole = av.AudioFrame.from_ndarray(packed, format="flt", layout=encoder.layout)
        whole.sample_rate, whole.pts, whole.time_base = rate_hz, 0, Fraction(1, rate_hz)
        yield from fitting.resample(whole)
        yield from fitting.resample(None)

    return run


# Imports take a second, so one process does them and forks a child for each line that it is told;
# the child is a run of its own and can be killed.
FORKS = """
import os, signal, sys, traceback

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a test that hangs fails
        try:
            run(line.rstrip("\\n"))
        except SystemExit as stop:
            os._exit(stop.code or 0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def forking():
    """Start a program that defines `run(line)`.

    ``forking(program)(line, stand_in=None, kill=None) -> exit code`` runs a child, which a
    `spotify.stand_in.server.StandIn` kills at a request: ``kill=(number, "before" or "after")``.
    """
    parents = []

    def start(program):
        parent = subprocess.Popen(
            [sys.executable, "-c", program + FORKS],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        parents.append(parent)

        def run(line, stand_in=None, kill=None):
            child = 0

            def watch(number, when):
                if (number, when) == kill:
                    while not child:  # told a moment after the fork
                        pass
                    os.kill(child, signal.SIGKILL)

            if stand_in is not None:
                stand_in.watch = watch
            parent.stdin.write(line + "\n")
            parent.stdin.flush()
            child = int(parent.stdout.readline())
            status = int(parent.stdout.readline())
            if stand_in is not None:
                stand_in.watch = lambda number, when: None
            return os.waitstatus_to_exitcode(status)

        return run

    yield start
    for parent in parents:
        parent.stdin.close()
        parent.stdout.close()
        parent.wait(timeout=10)
