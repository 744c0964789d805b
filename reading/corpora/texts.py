"""Labelled texts of published corpora: a folder of Parquet files flows in, a table flows out.

Every file has ``text``, the corpus' own ``labels``, and ``split``; `corpora.toml` says which of the
eight emotions and which nuance each label stands for, and what a corpus tells apart. A text of
several labels belongs to each of its emotions in equal parts.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.text import printable
from reading.nuances import NUANCE_NAMES

COLUMNS = ("text", "corpus", "language", "split", "emotions", "nuances")


@dataclass(frozen=True)
class TextCorpus:
    """How a corpus is to be read.

    Attributes
    ----------
    name
        Of the file, without ``.parquet``.
    licence
        What it may be used for.
    free
        Whether weights that learned from it may be used by anybody.
    emotions
        The emotion of each of its labels; a label that is missing stands for none of the eight.
    nuances
        The nuance of each of its labels.
    asked
        Emotions that its labellers could choose.
    not_asked
        By language, those that were no choice there.
    language
        Of all texts, where there is no column ``lang``.
    strongest
        Column with the label that counts where there are several.
    weight_of_others
        How much it counts against a nuance that its labels do not know, 0..1.
    """

    name: str
    licence: str
    free: bool
    emotions: dict[str, str]
    nuances: dict[str, str]
    asked: tuple[str, ...]
    not_asked: dict[str, tuple[str, ...]]
    language: str = "en"
    strongest: str = ""
    weight_of_others: float = 0.0


def _read_corpora() -> dict[str, TextCorpus]:
    stored = tomllib.loads(Path(__file__).with_name("corpora.toml").read_text("utf-8"))
    return {
        name: TextCorpus(
            name,
            **{key: value for key, value in entry.items() if key not in ("asked", "not_asked")},
            asked=tuple(entry["asked"]),
            not_asked={key: tuple(v) for key, v in entry.get("not_asked", {}).items()},
        )
        for name, entry in stored.items()
    }


CORPORA: dict[str, TextCorpus] = _read_corpora()


def read_texts(folder: Path, names: Sequence[str]) -> pd.DataFrame:
    """Return the texts of some corpora.

    Parameters
    ----------
    folder
        With a Parquet file for each.
    names
        Of `CORPORA`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: ``emotions`` and ``nuances`` are tuples of names, ``language`` a code of
        ISO 639-1, ``split`` is train, validation or test. A text that is in train and in another
        split, however it is spelled in capitals, is in train no more.

    Raises
    ------
    InputError
        If a file is missing or is another table.
    """
    found = [_read(folder, CORPORA[name]) for name in names]
    table = pd.concat(found, ignore_index=True)
    same = table["text"].str.casefold().str.strip()
    held = set(same[table["split"] != "train"])
    return table[(table["split"] != "train") | ~same.isin(held)].reset_index(drop=True)


def _read(folder: Path, corpus: TextCorpus) -> pd.DataFrame:
    path = folder / f"{corpus.name}.parquet"
    try:
        rows = pd.read_parquet(path)
        labels = rows["labels"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{printable(path)} is no table of labelled texts ({error}); give a folder with "
            f"{', '.join(f'{name}.parquet' for name in CORPORA)}"
        ) from error
    strongest = rows[corpus.strongest] if corpus.strongest else [None] * len(rows)
    emotions = [
        (strong,) if isinstance(strong, str) else _mapped(own, corpus.emotions, corpus.asked)
        for own, strong in zip(labels, strongest, strict=True)
    ]
    languages = rows["lang"].map(_code) if "lang" in rows else corpus.language
    return pd.DataFrame(
        {
            "text": rows["text"],
            "corpus": corpus.name,
            "language": languages,
            "split": rows["split"],
            "emotions": emotions,
            "nuances": [_mapped(own, corpus.nuances, NUANCE_NAMES) for own in labels],
        }
    )


def _mapped(labels: Sequence[str], names: dict[str, str], known: Sequence[str]) -> tuple[str, ...]:
    found = {names[label] for label in labels if label in names}
    return tuple(name for name in known if name in found)


def _code(language: str) -> str:
    """Return ISO 639-1 for what BRIGHTER calls a language."""
    three = {
        "eng": "en", "deu": "de", "esp": "es", "ptbr": "pt", "rus": "ru", "chn": "zh",
        "hin": "hi", "ary": "ar", "swe": "sv",
    }  # fmt: skip
    return three.get(language, language)


@dataclass(frozen=True, eq=False)
class Targets:
    """What a network is to say of some texts.

    Attributes
    ----------
    emotions
        Shares of the eight, (n, 8); a row of zeros says nothing.
    asked
        1 for each emotion that the labellers could choose, (n, 8).
    nuances, nuance_weights
        1 where it is there, and how much that counts, (n, n_nuances) each.
    weights
        How much the emotions count, (n,): every class of a corpus by its number to the power
        ``-balance``, and half as much where labels disagree.
    """

    emotions: NDArray[np.float32]
    asked: NDArray[np.float32]
    nuances: NDArray[np.float32]
    nuance_weights: NDArray[np.float32]
    weights: NDArray[np.float32]


SEVERAL_LABELS = 0.5


def targets_of(table: pd.DataFrame, balance: float) -> Targets:
    """Return the targets of a table of `read_texts` or `reading.corpora.written`.

    Parameters
    ----------
    table
        Columns `COLUMNS`.
    balance
        0 leaves classes as frequent as they are, 1 makes all count alike.
    """
    n = len(table)
    emotions = np.zeros((n, len(EMOTION_NAMES)), np.float32)
    asked = np.ones_like(emotions)
    nuances = np.zeros((n, len(NUANCE_NAMES)), np.float32)
    counted = np.zeros_like(nuances)
    columns = (table[name] for name in ("corpus", "language", "emotions", "nuances"))
    for row, (corpus_name, language, felt, finer) in enumerate(zip(*columns, strict=True)):
        corpus = CORPORA[corpus_name]
        left_out = corpus.not_asked.get(language, ())
        names = [name for name in corpus.asked if name not in left_out]
        asked[row] = [name in names for name in EMOTION_NAMES]
        meant = [EMOTION_NAMES.index(name) for name in felt if name in names]
        if meant:
            emotions[row, meant] = 1 / len(meant)
        there = [NUANCE_NAMES.index(name) for name in finer]
        known = set(corpus.nuances.values())
        counted[row] = [1.0 if name in known else corpus.weight_of_others for name in NUANCE_NAMES]
        nuances[row, there] = 1.0
        counted[row, there] = 1.0
    weights = np.where(emotions.max(axis=1) == 1, 1.0, SEVERAL_LABELS) * (emotions.sum(axis=1) > 0)
    for corpus in table["corpus"].unique():
        of_it = (table["corpus"] == corpus).to_numpy()
        shares = (emotions[of_it] * weights[of_it, None]).sum(axis=0)
        shares = shares / max(shares.sum(), 1e-9)
        factors = np.where(shares > 0, shares, 1.0) ** -balance
        factors /= (shares * factors).sum()
        weights[of_it] *= emotions[of_it] @ factors
    return Targets(emotions, asked, nuances, counted, weights.astype(np.float32))
