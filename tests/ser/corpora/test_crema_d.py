"""The index of CREMA-D: six emotions, what was heard, nothing that the manifest warns of."""

import os
from collections import Counter

import pytest

from foundation.errors import InputError
from ser.corpora import crema_d

CREMA_D = os.environ.get("EMOTIFY_CREMA_D")
HEADER = "file,speaker,emotion,voice_vote,note\n"


def manifest(tmp_path, *lines):
    (tmp_path / "manifest.csv").write_text(HEADER + "\n".join(lines) + "\n", "utf-8")
    return tmp_path


def test_clips_say_what_was_meant_and_heard(tmp_path):
    folder = manifest(
        tmp_path,
        "2/2_B_NEU_XX.wav,2,NEU,N,",
        "1/1_A_FEA_XX.wav,1,FEA,F:N,",
        "1/1_C_SAD_XX.wav,1,SAD,S,silent",
    )
    first, second = crema_d.index_clips(folder)
    assert first.clip_id == "1_A_FEA_XX" and first.path == tmp_path / "1" / "1_A_FEA_XX.wav"
    assert first.speaker == "1" and first.emotion.name == "fearful"
    assert [emotion.name for emotion in first.heard] == ["fearful", "neutral"]
    assert second.emotion.name == "neutral" and len(second.heard) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("a,b\n1,2\n", "lacks the columns"),
        (HEADER + "1/x.wav,1,BORED,A,\n", "no emotion of CREMA-D"),
        (HEADER + "1/x.wav,1,ANG,,\n", "no emotion of CREMA-D"),
    ],
)
def test_another_folder_is_refused(tmp_path, text, said):
    if text is not None:
        (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        crema_d.index_clips(tmp_path)


@pytest.mark.skipif(not CREMA_D, reason="set EMOTIFY_CREMA_D to the CREMA-D folder")
def test_the_corpus_is_indexed_whole():
    clips = crema_d.index_clips(CREMA_D)
    assert len(clips) == 7435 and len({clip.clip_id for clip in clips}) == 7435
    assert len({clip.speaker for clip in clips}) == 91
    counts = Counter(clip.emotion.name for clip in clips)
    assert set(counts) == {"neutral", "happy", "sad", "angry", "fearful", "disgust"}
    agreed = sum(clip.heard == (clip.emotion,) for clip in clips) / len(clips)
    assert 0.35 < agreed < 0.45  # as published: 40.9 % for the sound alone
    assert all(clip.path.is_file() for clip in clips[::500])
