"""Train the reader on published corpora and on sentences written for this project.

    python -m reading.train --texts DIR --out FOLDER

takes the corpora that anybody may use; ``--corpus NAME`` names others. Some forty minutes on one
core.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from foundation.errors import InputError, run
from foundation.text import printable
from reading.corpora.texts import CORPORA, read_texts
from reading.corpora.written import written_texts

WRITTEN = "written"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the texts, train, and write the model folder."""
    free = [name for name, corpus in CORPORA.items() if corpus.free and name != WRITTEN]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=os.environ.get("EMOTIFY_TEXT"))
    parser.add_argument("--corpus", action="append", choices=[n for n in CORPORA if n != WRITTEN])
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    if asked.texts is None:
        raise InputError("give the folder of the corpora: --texts DIR, or EMOTIFY_TEXT")
    table = read_texts(Path(asked.texts), asked.corpus or free)
    from reading.training.fit import FitSettings, train_reader

    everything = pd.concat([table, written_texts()], ignore_index=True)
    train_reader(everything, asked.out, FitSettings(epochs=asked.epochs), seed=asked.seed)
    print(f"wrote {printable(asked.out)}")


if __name__ == "__main__":
    run(main)
