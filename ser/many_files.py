"""Recognise many files, in processes of their own once that saves time.

A clip takes a few milliseconds, in which Python's lock changes hands a hundred times: threads
gain little. A process gains all, and takes about half a second to start.
"""

import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.parallel import n_cores, stay_in_this_thread
from ser.recognizer import Recognizer, load_recognizer
from ser.sound.piped import is_piped

TRIAL_SECONDS = 0.5  # of work here, before it is judged how long the rest will take
WORTH_SECONDS = 2.0  # of work that is left, for processes to be started

Answer_co = TypeVar("Answer_co", covariant=True)


class Question(Protocol[Answer_co]):
    """What a recogniser is asked about a file; a function that another process can import."""

    def __call__(self, recognizer: Recognizer, path: Path, /, *, progress: bool) -> Answer_co:
        """Answer, with a progress bar for a long recording, or raise `InputError`."""


def recognize_files(
    files: Sequence[Path], folder: Path | None = None, speaker: str | None = None
) -> Iterator[EmotionEstimate | InputError]:
    """Yield what is heard in each file, or why nothing is, in the order of the files.

    Parameters and errors are those of `ask_of_files`.
    """
    return ask_of_files(Recognizer.predict, files, folder, speaker)


def ask_of_files(
    question: Question[Answer_co],
    files: Sequence[Path],
    folder: Path | None = None,
    speaker: str | None = None,
) -> Iterator[Answer_co | InputError]:
    """Yield the answer about each file, or why there is none, in the order of the files.

    Parameters
    ----------
    question
        Asked of each file.
    files
        Recordings.
    folder
        A model folder; the shipped one by default.
    speaker
        Name of an enrolled speaker.

    Raises
    ------
    InputError
        If the model folder or the profile cannot be used.
    """
    recognizer = load_recognizer(folder, speaker=speaker)
    seconds, n_done = 0.0, 0
    while n_done < len(files):
        start = time.perf_counter()
        answer = _tried(question, recognizer, files[n_done], progress=True)
        seconds += time.perf_counter() - start
        n_done += 1
        yield answer
        seconds_left = seconds / n_done * (len(files) - n_done)
        worth_it = seconds >= TRIAL_SECONDS and seconds_left >= WORTH_SECONDS
        # What comes through a pipe, other processes do not have.
        if n_cores() > 1 and worth_it and not any(map(is_piped, files[n_done:])):
            yield from _in_processes(question, files[n_done:], folder, speaker)
            return


def _in_processes(
    question: Question[Answer_co], files: Sequence[Path], folder: Path | None, speaker: str | None
) -> Iterator[Answer_co | InputError]:
    import joblib

    parallel = joblib.Parallel(n_jobs=n_cores(), return_as="generator")
    ask = joblib.delayed(_in_worker)
    yield from parallel(ask(question, path, folder, speaker) for path in files)


def _in_worker(
    question: Question[Answer_co], path: Path, folder: Path | None, speaker: str | None
) -> Answer_co | InputError:
    stay_in_this_thread()
    return _tried(question, _loaded_once(folder, speaker), path)


@cache
def _loaded_once(folder: Path | None, speaker: str | None) -> Recognizer:
    return load_recognizer(folder, speaker=speaker)


def _tried(
    question: Question[Answer_co], recognizer: Recognizer, path: Path, *, progress: bool = False
) -> Answer_co | InputError:
    try:
        return question(recognizer, path, progress=progress)
    except InputError as error:
        return error
