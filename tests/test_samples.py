"""The recordings that the project ships are those whose source and licence are written down."""

import hashlib
import re

import pytest
import soundfile

from foundation.shipped import shipped

SAMPLES = shipped("data", "samples")
README = (SAMPLES / "README.md").read_text("utf-8")
CHECKSUMS = dict(re.findall(r"^\| `(\S+)` \| `([0-9a-f]{64})` \|$", README, re.MULTILINE))
ROW = r"^\| `(\S+)` \| .*\| ([0-9.]+) \| [0-9.]+ kHz \|"
DESCRIBED = dict(re.findall(ROW, README, re.MULTILINE))
TEXTS = {"README.md", "LICENCES.txt"}


def test_every_recording_has_its_rows() -> None:
    there = {path.name for path in SAMPLES.iterdir()} - TEXTS
    assert there == set(CHECKSUMS) == set(DESCRIBED)
    assert len(there) >= 4


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_recording_is_the_one_described(name: str) -> None:
    path = SAMPLES / name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == CHECKSUMS[name]
    samples, rate_hz = soundfile.read(path)
    seconds = len(samples) / rate_hz
    assert 1 <= seconds <= 10
    assert seconds == pytest.approx(float(DESCRIBED[name]), abs=0.01)
    assert 0.01 < abs(samples).max() <= 1
    assert path.stat().st_size < 300_000


def test_together_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 1_000_000
