"""Ask a sense in an interpreter of its own, and tell what it did beside answering.

    python -m tests.senses.fresh MODULE:NAME FOLDER

prints one JSON object: the ``modules`` that were imported, the ``answers`` for every content and
form, and everything that was ``touched``: files opened for writing, folders made, connections
opened, processes started. FOLDER is for what is given to the sense.
"""

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TOUCHING = (
    "os.exec", "os.fork", "os.forkpty", "os.link", "os.mkdir", "os.posix_spawn", "os.remove",
    "os.rename", "os.rmdir", "os.symlink", "os.system", "os.truncate", "shutil.", "socket.bind",
    "socket.connect", "socket.getaddrinfo", "socket.sendto", "sqlite3.connect",
    "subprocess.Popen", "tempfile.", "urllib.Request",
)  # fmt: skip
# py3langid unpacks its own model into a file without a name, which is gone once it is read.
UNPACKING = f"py3langid{os.sep}modelio.py"


def unpacks() -> bool:
    """Return whether a library is reading its own data, as far as the calls now going on tell."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.endswith(UNPACKING):
            return True
        frame = frame.f_back
    return False


class Watch:
    """Notes what Python is asked to do to the world outside, while it is on."""

    def __init__(self) -> None:
        self.on = True
        self.touched: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & WRITING) or path == os.devnull:
                return
        elif not event.startswith(TOUCHING):
            return
        if unpacks():
            return
        self.touched.append(f"{event} {arguments!r}")


def main(address: str, folder: Path) -> None:
    """Ask the sense about all of its contents."""
    watch = Watch()
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        from tests.senses.sense import found  # watched: what does the import of the sense do?

        sense = found(address)
        model = sense.load()
        answers = {}
        for content in sense.contents:
            for form in content.forms:
                watch.on = False
                value = form.make(folder)
                watch.on = True
                answers[f"{content.name}, {form.name}"] = form.predict(model, value).to_dict()
        watch.on = False
    told = {
        "modules": sorted(sys.modules),
        "answers": answers,
        "touched": watch.touched,
        "printed": out.getvalue() + err.getvalue(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
