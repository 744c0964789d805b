"""Recognise many files, in processes of their own once that saves time.

A clip takes a few milliseconds, in which Python's lock changes hands a hundred times: threads
gain little. A process gains all, and takes about half a second to start.
"""

import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.parallel import n_cores, stay_in_this_thread
from ser.recognizer import Recognizer, load_recognizer
from ser.sound.piped import is_piped

TRIAL_SECONDS = 0.5  # of work here, before it is judged how long the rest will take
WORTH_SECONDS = 2.0  # of work that is left, for processes to be started


def recognize_files(
    files: Sequence[Path], folder: Path | None = None, speaker: str | None = None
) -> Iterator[EmotionEstimate | InputError]:
    """Yield what is heard in each file, or why nothing is, in the order of the files.

    Parameters
    ----------
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
        answer = _tried(recognizer, files[n_done], progress=True)
        seconds += time.perf_counter() - start
        n_done += 1
        yield answer
        seconds_left = seconds / n_done * (len(files) - n_done)
        worth_it = seconds >= TRIAL_SECONDS and seconds_left >= WORTH_SECONDS
        # What comes through a pipe, other processes do not have.
        if n_cores() > 1 and worth_it and not any(map(is_piped, files[n_done:])):
            yield from _in_processes(files[n_done:], folder, speaker)
            return


def _in_processes(
    files: Sequence[Path], folder: Path | None, speaker: str | None
) -> Iterator[EmotionEstimate | InputError]:
    import joblib

    parallel = joblib.Parallel(n_jobs=n_cores(), return_as="generator")
    yield from parallel(joblib.delayed(_in_worker)(path, folder, speaker) for path in files)


def _in_worker(
    path: Path, folder: Path | None, speaker: str | None
) -> EmotionEstimate | InputError:
    stay_in_this_thread()
    return _tried(_loaded_once(folder, speaker), path)


@cache
def _loaded_once(folder: Path | None, speaker: str | None) -> Recognizer:
    return load_recognizer(folder, speaker=speaker)


def _tried(
    recognizer: Recognizer, path: Path, *, progress: bool = False
) -> EmotionEstimate | InputError:
    try:
        return recognizer.predict(path, progress=progress)
    except InputError as error:
        return error
