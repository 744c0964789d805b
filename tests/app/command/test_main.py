"""The `emotify` command as a whole."""

import re
import subprocess
import sys

import pytest

COMMANDS = [
    "recognize", "read", "enrol", "playlist", "playlist like", "playlist dislike",
    "playlist refresh", "history", "profile", "forget", "train", "evaluate", "ablate", "moods",
    "tracks", "spotify", "ravdess",
]  # fmt: skip


def test_help_lists_every_command_in_its_order(emotify):
    _, out, _ = emotify("--help")
    listed = re.findall(r"^  (\w+(?: \w+)?)  ", out.partition("Commands:")[2], re.MULTILINE)
    assert listed == COMMANDS


def test_help_is_quick_for_it_loads_no_heavy_package():
    program = (
        "import sys; from app.command.main import main\n"
        "sys.argv = ['emotify', '--help']\n"
        "try: main()\n"
        "except SystemExit:\n"
        "    heavy = {'numpy', 'pandas', 'sklearn', 'onnxruntime', 'soundfile', 'tensorflow'}\n"
        "    print(heavy & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.endswith("set()\n")


@pytest.mark.parametrize(
    "command",
    [[], ["recognize"], ["playlist"], ["moods"], ["moods", "fit"], ["ravdess"], ["train"],
     ["ravdess", "download"], ["evaluate"]],
)  # fmt: skip
def test_help_reads_well(emotify, command):
    code, out, _ = emotify(*command, "--help")
    assert code == 0 and "Usage" in out and len(out.splitlines()) < 70
