"""From text to word pieces and their frozen embeddings.

The pieces and embeddings are those of Google's multilingual Universal Sentence Encoder [1]_,
128,000 pieces of sixteen languages. An embedding is kept in four bits a value, as steps from the
mean of its row, and unpacked where it is asked for.

.. [1] Y. Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval", ACL 2020
   (system demonstrations).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.artefacts import ArtefactKind, Contents
from foundation.shipped import shipped

N_DIMENSIONS = 512
LEVELS = 16
# Of a Gaussian row, the step in standard deviations at which sixteen even steps lose least (Max
# 1960, "Quantizing for minimum distortion", table II).
BEST_STEP = 0.3352


@dataclass(frozen=True, eq=False)
class PieceTable:
    """Embeddings of all pieces.

    Attributes
    ----------
    packed
        Two values a byte, the first in the low half; uint8 of shape (n_pieces, 256).
    middle, step
        Mean of each row, and the width of its steps; float16 of shape (n_pieces,).
    """

    packed: NDArray[np.uint8]
    middle: NDArray[np.float16]
    step: NDArray[np.float16]

    def __getitem__(self, pieces: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of some pieces, float32 of shape (n, 512)."""
        bytes_ = self.packed[pieces]
        levels = np.empty((len(bytes_), N_DIMENSIONS), np.float32)
        levels[:, 0::2] = bytes_ & 15
        levels[:, 1::2] = bytes_ >> 4
        levels -= (LEVELS - 1) / 2
        levels *= self.step[pieces, None].astype(np.float32)
        levels += self.middle[pieces, None].astype(np.float32)
        return levels

    @classmethod
    def of(cls, rows: NDArray[np.floating]) -> "PieceTable":
        """Return the table of embeddings (n_pieces, 512), which lose some of their digits."""
        middle = rows.mean(axis=1).astype(np.float16)
        step = (BEST_STEP * rows.std(axis=1)).astype(np.float16)
        width = np.maximum(step.astype(np.float32), 1e-6)[:, None]
        levels = np.floor((rows - middle[:, None]) / width) + LEVELS / 2
        codes = np.clip(levels, 0, LEVELS - 1).astype(np.uint8)
        return cls(codes[:, 0::2] | codes[:, 1::2] << 4, middle, step)


class Tokenizer:
    """Cuts text into pieces with SentencePiece, as the embeddings were trained on.

    Parameters
    ----------
    model
        Content of a SentencePiece model.
    """

    def __init__(self, model: bytes) -> None:
        import sentencepiece

        self._processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the pieces of each text, begin and end included."""
        return self._processor.encode(list(texts), add_bos=True, add_eos=True)

    @property
    def n_pieces(self) -> int:
        """How many pieces there are."""
        return self._processor.get_piece_size()


FOLDER = shipped("models", "pieces")
MODEL_FILE, TABLE_FILE = "sentencepiece.model", "embeddings.npz"
KIND = ArtefactKind(
    "emotify-pieces",
    1,
    title="word pieces",
    files=(MODEL_FILE, TABLE_FILE),
    advice="fetch them again: python scripts/fetch_pieces.py",
    shipped=FOLDER,
)
SETTINGS = {
    "what": "word pieces of the multilingual Universal Sentence Encoder and their embeddings",
    "n_dimensions": N_DIMENSIONS,
    "levels": LEVELS,
    "source": "https://tfhub.dev/google/universal-sentence-encoder-multilingual/3",
    "licence": "Apache-2.0 (LICENSE)",
}


@dataclass(frozen=True, eq=False)
class Pieces:
    """Tokenizer and embeddings, which belong together.

    Attributes
    ----------
    tokenizer, table
        See there.
    digests
        SHA-256 of both files: what is trained on them fits no others.
    """

    tokenizer: Tokenizer
    table: PieceTable
    digests: dict[str, str]


@cache
def load_pieces(folder: Path = FOLDER) -> Pieces:
    """Return the pieces of a folder that `scripts/fetch_pieces.py` wrote.

    Raises
    ------
    InputError
        If the folder is not one of them, or not whole.
    """
    return KIND.load(folder, _built)


def _built(held: Contents) -> Pieces:
    held.expect(n_dimensions=N_DIMENSIONS, levels=LEVELS)
    arrays = held.arrays(TABLE_FILE)
    table = PieceTable(arrays["packed"], arrays["middle"], arrays["step"])
    tokenizer = Tokenizer(held.files[MODEL_FILE])
    n_pieces = tokenizer.n_pieces
    if table.packed.shape != (n_pieces, N_DIMENSIONS // 2) or len(table.step) != n_pieces:
        raise ValueError(f"{TABLE_FILE} is of other pieces")
    return Pieces(tokenizer, table, {name: held.digests[name] for name in KIND.files})
