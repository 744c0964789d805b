"""Rebuild the recordings in data/samples: copy the packaged ones, let espeak-ng say the others.

The packages are those of Debian. Either install them and leave ``--root`` alone, or unpack them
with ``apt-get download NAME`` and ``dpkg -x FILE.deb FOLDER`` and give that folder as ``--root``:

    python scripts/make_samples.py --root FOLDER

The rows of the checksum table in data/samples/README.md are printed; another version of espeak-ng
than the one named there gives other samples, and so other checksums.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "samples"

LIBRIVOX = "usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb"
PACKAGED = {
    "reading_short.wav": f"{LIBRIVOX}-0930.wav",
    "reading_long.wav": f"{LIBRIVOX}-0890.wav",
    "telephone_prompt.wav": "usr/share/asterisk/sounds/en_US_f_Allison/tt-weasels.wav",
}

# -s words per minute, -p pitch 0-99, -a amplitude 0-200, -v voice
SPOKEN = {
    "synthetic_plain.wav": (
        "-v en-us -s 160 -p 50 -a 100",
        "The train leaves from the second platform at noon.",
    ),
    "synthetic_lively.wav": (
        "-v en-us+f3 -s 200 -p 85 -a 150",
        "We have won! Call everybody, tonight we are going to dance!",
    ),
    "synthetic_slow.wav": (
        "-v en-us -s 110 -p 15 -a 50",
        "It has rained all day, and nobody came.",
    ),
}


def make_samples(root: Path, folder: Path) -> None:
    """Write every recording into `folder`, copying from the packages below `root`.

    Raises
    ------
    SystemExit
        If a packaged recording or espeak-ng is missing; the message says what to install.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in PACKAGED.items():
        if not (root / source).is_file():
            sys.exit(
                f"{root / source} is missing; install pocketsphinx-testdata and "
                "asterisk-core-sounds-en-wav, or unpack them and give their folder as --root"
            )
        shutil.copyfile(root / source, folder / name)
    if shutil.which("espeak-ng") is None:
        sys.exit("espeak-ng is missing; install the package of that name")
    for name, (options, text) in SPOKEN.items():
        subprocess.run(["espeak-ng", *options.split(), "-w", folder / name, text], check=True)


def main() -> None:
    """Make the recordings and print their checksums."""
    parser = argparse.ArgumentParser(description="Rebuild the recordings in data/samples.")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the packages are")
    parser.add_argument("--folder", type=Path, default=SAMPLES, help="where to write")
    arguments = parser.parse_args()
    make_samples(arguments.root, arguments.folder)
    for name in (*PACKAGED, *SPOKEN):
        checksum = hashlib.sha256((arguments.folder / name).read_bytes()).hexdigest()
        print(f"| `{name}` | `{checksum}` |")


if __name__ == "__main__":
    main()
