"""Measure how well emotions are told from each layer of Whisper's encoder by itself.

All six layers of "base", and what goes into the first, in float32, hear the speech of RAVDESS; the
recipe of the larger ear is fitted to mean and deviation of one layer at a time, on RAVDESS alone,
and judged on the actors of the five folds (`ser.evaluation.ear.judge_layers`). What is written
chooses nothing: it is there to be looked at. (needs the ``train`` extra; 150 MB are downloaded)

    python scripts/layers_of_encoder.py FOLDER_WITH_RAVDESS models/ear/layers.csv
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from ctranslate2_weights import read_weights
from fetch_encoder import SOURCES, weights_of
from whisper_graph import encoder_graph

from foundation.errors import run
from foundation.progress import progress_bar
from foundation.tables import write_table
from ser.corpora.clips import SpokenClip
from ser.corpora.ravdess import index_clips
from ser.evaluation.ear import judge_layers
from ser.features.encoder import LONGEST_SECONDS, EncoderFrames
from ser.network.pooled_head import pooled
from ser.settings import EncoderSettings
from ser.sound.audio import Recording
from ser.sound.windows import trimmed
from ser.training.pooled import PooledClips, frames_of

NAME, N_LAYERS = "base", 6


def whole_encoder() -> EncoderFrames:
    """Return the encoder whose frames are those of all layers, from 0 on, side by side."""
    n_positions = EncoderSettings().n_frames(LONGEST_SECONDS)
    weights = read_weights(weights_of(SOURCES[NAME]))
    graph = encoder_graph(weights, range(N_LAYERS + 1), n_positions)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return EncoderFrames({NAME: session}, {})


def heard_by_layer(clips: Sequence[SpokenClip], encoder: EncoderFrames) -> dict[int, PooledClips]:
    """Return the statistics of every clip in each layer."""
    rows, seconds = [], []
    for clip in progress_bar(clips, "encoder", len(clips), unit="clip"):
        speech = trimmed(Recording(clip.path), encoder.settings)
        layers = np.split(frames_of(encoder, speech), N_LAYERS + 1, axis=1)
        rows.append([pooled(frames) for frames in layers])
        seconds.append([len(speech) / encoder.settings.sample_rate_hz])
    table = np.array(rows, np.float32)
    ids = tuple(clip.clip_id for clip in clips)
    no_copies = np.empty((len(ids), 0), str)
    return {
        layer: PooledClips(ids, table[:, layer, None], no_copies, np.array(seconds))
        for layer in range(N_LAYERS + 1)
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Hear, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ravdess", type=Path, help="folder with the speech")
    parser.add_argument("out", type=Path, help="table to write")
    asked = parser.parse_args(arguments)
    clips = tuple(clip for clip in index_clips(asked.ravdess) if clip.channel == "speech")
    table = judge_layers(clips, heard_by_layer(clips, whole_encoder()))
    write_table(table, asked.out)
    print(f"wrote {asked.out}")


if __name__ == "__main__":
    run(main)
