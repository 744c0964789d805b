"""What a model makes of a corpus, in words: the figures of `ser.evaluation.cross_corpus`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emotions.labels import EMOTION_NAMES
from emotions.report import percent
from foundation.text import counted, one_line
from ser.corpora.labelled_folders import N_NAMED, LeftOut, summary_of
from ser.evaluation.cross_corpus import NORMALISATIONS

NONE = "-"


def describe(figures: Mapping[str, Any]) -> str:
    """Return the figures of `evaluate_corpus` as text for a terminal, in percent."""
    emotions, runs = list(figures["emotions"]), figures["normalisation"]
    lines = [
        *_what_was_judged(figures),
        "",
        *_eight_way(runs),
        "",
        *_among(emotions, figures["chance"], runs),
    ]
    if "corpus" not in runs:
        lines.append("normalised: not with this model, which was saved without its statistics")
    lines += ["", *_recalls(emotions, runs)]
    if figures["n_speakers"]:
        lines += ["", *_per_speaker(runs, figures["single_emotion_speakers"])]
    as_it_is = runs["none"]
    lines += ["", "confusion as it is, eight-way (rows: meant, columns: heard)"]
    lines += _confusion(emotions, (*EMOTION_NAMES, "no speech"), as_it_is["eight_way"]["confusion"])
    if len(emotions) < len(EMOTION_NAMES):
        lines += ["", "confusion as it is, among the emotions of the corpus"]
        lines += _confusion(emotions, emotions, as_it_is["confusion"])
    return "\n".join(lines)


def warnings(figures: Mapping[str, Any]) -> list[str]:
    """Return what makes the figures of `evaluate_corpus` mean less than they seem to."""
    alone = figures["single_emotion_speakers"]
    if not alone:
        return []
    names = ", ".join(map(one_line, list(alone)[:N_NAMED]))
    more = f" and {len(alone) - N_NAMED} more" if len(alone) > N_NAMED else ""
    share = sum(alone.values()) / figures["n_clips"]
    return [
        f"{len(alone)} of {counted(figures['n_speakers'], 'speaker')} ({names}{more}; "
        f"{percent(share)} % of the clips) are heard with one emotion only: speaker and emotion "
        "are confounded there. Normalising per speaker takes their emotion out with the voice, "
        "and there is no UAR of theirs; what is told of the corpus may be about its voices"
    ]


def _what_was_judged(figures: Mapping[str, Any]) -> list[str]:
    n_speakers = figures["n_speakers"]
    lines = [
        f"corpus     {figures['corpus']}: {counted(figures['n_clips'], 'clip')}"
        + (f", {counted(n_speakers, 'speaker')}" if n_speakers else ""),
        f"model      {figures['model']}",
        "emotions   " + "  ".join(f"{name} {n}" for name, n in figures["emotions"].items()),
    ]
    if figures["left_out"]:
        rows = [LeftOut(**row) for row in figures["left_out"]]
        lines.append(f"left out   {summary_of(rows, figures['n_rows'])}")
    no_speech = figures["normalisation"]["none"]["eight_way"]["n_no_speech"]
    if no_speech:
        lines.append(
            f"no speech  heard in {counted(no_speech, 'clip')}, where no emotion is named: "
            "eight-way these are wrong"
        )
    return lines + [f"warning    {warning}" for warning in warnings(figures)]


def _eight_way(runs: Mapping[str, Any]) -> list[str]:
    sure_from = f"sure ({percent(runs['none']['eight_way']['sure']['from'])} or more)"
    lines = [
        "eight-way: the likeliest of all eight emotions, which is what a user meets (chance "
        f"{percent(1 / len(EMOTION_NAMES))})",
        f"{'':<24}{'accuracy':>9}{'UAR':>7}{'confidence':>12}{'ECE':>7}{'uncertain':>11}"
        f"  {sure_from:>20}, right then",
    ]
    for name, run in runs.items():
        met = run["eight_way"]
        lines.append(
            f"{NORMALISATIONS[name]:<24}{percent(met['accuracy']):>9}{percent(met['uar']):>7}"
            f"{_percent(met['mean_confidence']):>12}{_percent(met['ece']):>7}"
            f"{percent(met['uncertain']):>11}  {percent(met['sure']['coverage']):>20}"
            f"{_percent(met['sure']['accuracy']):>12}"
        )
    return lines


def _among(emotions: Sequence[str], chance: float, runs: Mapping[str, Any]) -> list[str]:
    lines = [
        f"among the {len(emotions)} emotions of the corpus, as if there were no others "
        f"(chance {percent(chance)})",
        f"{'':<24}{'UAR':>6}{'accuracy':>10}{'macro-F1':>10}  95 % interval of UAR",
    ]
    for name, run in runs.items():
        interval = run["uar_interval_95"]
        lines.append(
            f"{NORMALISATIONS[name]:<24}{percent(run['uar']):>6}{percent(run['accuracy']):>10}"
            f"{percent(run['macro_f1']):>10}  "
            + ("-".join(map(percent, interval)) if interval else "needs speakers")
        )
    return lines


def _recalls(emotions: Sequence[str], runs: Mapping[str, Any]) -> list[str]:
    lines = [_row("recall", emotions)]
    for name, run in runs.items():
        values = (percent(run["recall"][emotion]) for emotion in emotions)
        lines.append(_row(NORMALISATIONS[name], values))
    return lines


def _per_speaker(runs: Mapping[str, Any], alone: Mapping[str, int]) -> list[str]:
    lines = [_row("UAR per speaker", runs)]
    for speaker in runs["none"]["uar_per_speaker"]:
        values = (percent(run["uar_per_speaker"][speaker]) for run in runs.values())
        lines.append(_row(one_line(speaker), values))
    if alone:
        lines.append(f"not here: {counted(len(alone), 'speaker')} with one emotion only")
    return lines


def _confusion(
    rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]
) -> list[str]:
    return [
        _row("", columns),
        *(_row(name, map(str, row)) for name, row in zip(rows, counts, strict=True)),
    ]


def _row(name: str, cells: Iterable[str]) -> str:
    return f"{name:<24}" + "".join(f"{cell:>10}" for cell in cells)


def _percent(share: float | None) -> str:
    return NONE if share is None else percent(share)
