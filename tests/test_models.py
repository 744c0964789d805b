"""Every model that comes with Emotify is whole and has its card; a damaged one is told apart."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from clustering.moods import folder as moods
from clustering.music import model as music
from foundation.artefacts import SUMS_FILE
from foundation.errors import InputError
from foundation.shipped import shipped
from reading.network import artefact as reader
from reading.network import pieces
from ser.features import encoder
from ser.network import artefact
from ser.sound import denoiser, voice_activity

MODELS = shipped("models")
KINDS = {
    "denoiser": (denoiser.KIND, denoiser.load_network),
    "ear": (artefact.KIND, artefact.load),
    "encoder": (encoder.KIND, encoder.load_encoder),
    "moods": (moods.KIND, moods.load_moods),
    "music": (music.KIND, music.load_model),
    "pieces": (pieces.KIND, pieces.load_pieces),
    "reading": (reader.KIND, reader.load),
    "ser": (artefact.KIND, artefact.load),
    "voice_activity": (voice_activity.KIND, voice_activity.load_network),
}
FOLDERS = [*KINDS, *(f"{ear}/folds/{number}" for ear in ("ear", "ser") for number in range(5))]
WITHOUT_MODEL = {"mapping"}  # scores alone: what they judge is `clustering/moods/mapping.toml`
NAMED = [
    (name, file) for name, (kind, _) in KINDS.items() for file in (kind.settings_file, *kind.files)
]


def test_no_folder_is_forgotten():
    assert {path.name for path in MODELS.iterdir() if path.is_dir()} == {*KINDS, *WITHOUT_MODEL}
    sealed = {path.parent.relative_to(MODELS).as_posix() for path in MODELS.rglob(SUMS_FILE)}
    assert sealed == set(FOLDERS)


@pytest.mark.parametrize("name", [*KINDS, *WITHOUT_MODEL])
def test_a_card_says_what_is_in_the_folder(name):
    card = (MODELS / name / "README.md").read_text("utf-8")
    assert card.startswith("# ") and len(card) > 1000
    for file in (SUMS_FILE, *KINDS[name][0].files) if name in KINDS else ["scores.csv"]:
        assert f"`{file}`" in card


@pytest.mark.parametrize("name", FOLDERS)
def test_settings_and_checksums_are_those_of_the_folder(name):
    kind, load = KINDS[name.partition("/")[0]]
    settings = json.loads((MODELS / name / kind.settings_file).read_text("utf-8"))
    assert (settings["format"], settings[kind.version_key]) == (kind.name, kind.version)
    lines = (MODELS / name / SUMS_FILE).read_text("ascii").splitlines()
    assert [line[66:] for line in lines] == [kind.settings_file, *kind.files]
    assert load(MODELS / name) is not None  # which compares the checksums


@pytest.mark.parametrize("module", [denoiser, encoder, music, voice_activity])
def test_settings_are_what_the_code_would_write(module):
    settings = json.loads((module.KIND.shipped / "settings.json").read_text("utf-8"))
    assert module.SETTINGS.items() <= settings.items()
    assert {"what", "sample_rate_hz", "source", "licence"} <= set(settings)


@pytest.fixture
def copied(tmp_path):
    def copy(name, *, sealed):
        kind, load = KINDS[name]
        folder = tmp_path / "copy"
        folder.mkdir()
        for file in (kind.settings_file, *kind.files, *([SUMS_FILE] if sealed else [])):
            shutil.copy(MODELS / name / file, folder)
        return kind, load, folder

    return copy


def refused(kind, load, folder, words):
    with pytest.raises(InputError, match=words) as caught:
        load(folder)
    message = str(caught.value)
    assert message.startswith(f"{kind.title} {folder}: ") and message.endswith(kind.advice)
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("sealed", [True, False], ids=["with sums", "from before"])
@pytest.mark.parametrize(("name", "file"), NAMED)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "swapped", "folder"])
def test_a_damaged_file_is_named(copied, name, file, damage, sealed):
    kind, load, folder = copied(name, sealed=sealed)
    content = (folder / file).read_bytes()
    (folder / file).unlink()
    if file == kind.settings_file:
        if damage == "missing" and not sealed and not kind.settings_needed:
            assert load(folder) is not None  # a folder from before there were settings
            return
        other = MODELS / ("ser" if name == "music" else "music") / "settings.json"
        words = {"swapped": f"is not of {kind.name}"}.get(damage, "is broken")
    else:
        others = [MODELS / n / f for n, f in NAMED if f != file]
        other = next((path for path in others if path.suffix == Path(file).suffix), others[0])
        words = "does not match SHA256SUMS" if sealed else "is broken"
    if damage == "missing":
        words = "is missing"
    elif damage == "folder":
        (folder / file).mkdir()
        words = "is broken|cannot be read"
    else:
        spoilt = {"empty": b"", "cut": content[: -len(content) // 3], "swapped": other.read_bytes()}
        (folder / file).write_bytes(spoilt[damage])
    refused(kind, load, folder, words)


@pytest.mark.parametrize(("name", "file"), NAMED)
def test_damage_of_any_bit_is_answered(copied, name, file):
    kind, load, folder = copied(name, sealed=False)  # checksums would tell all of it
    content, rng = (folder / file).read_bytes(), np.random.default_rng(0)
    spoilt = [b"hello", b"[]", bytes(len(content)), rng.bytes(1000)]
    for place in rng.integers(len(content), size=6):
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.integers(8)
        spoilt.append(bytes(flipped))
    for number, damaged in enumerate(spoilt):
        (folder / file).write_bytes(damaged)
        if number < 4:
            refused(kind, load, folder, "is broken|is not of")
            continue
        with contextlib.suppress(InputError):  # a flipped weight is none that can be told
            load(folder)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "emotify-other"}, "is not of emotify-"),
        ({"version": 99, "format_version": 99}, "has format version 99, this Emotify reads "),
        ({"version": None, "format_version": None}, "has format version None"),
    ],
)
def test_foreign_settings_and_versions_are_told_apart(copied, name, change, words):
    kind, load, folder = copied(name, sealed=True)
    path = folder / kind.settings_file
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change))
    refused(kind, load, folder, words)


@pytest.mark.parametrize("name", KINDS)
def test_settings_changed_by_hand_are_named_with_the_way_out(copied, name):
    kind, load, folder = copied(name, sealed=True)
    path = folder / kind.settings_file
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"note": "mine"}))
    refused(kind, load, folder, f"{kind.settings_file} does not match SHA256SUMS")
    (folder / SUMS_FILE).unlink()
    assert load(folder) is not None


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "sums", [b"", b"\xff\xfe", b"d41d8cd98f00b204e9800998ecf8427e  settings.json\n"]
)
def test_checksums_that_say_nothing_of_a_file_are_broken(copied, name, sums):
    kind, load, folder = copied(name, sealed=True)
    (folder / SUMS_FILE).write_bytes(sums)
    refused(kind, load, folder, "SHA256SUMS")


@pytest.mark.parametrize("name", KINDS)
def test_a_folder_that_is_not_there_is_answered(tmp_path, name):
    kind, load = KINDS[name]
    refused(kind, load, tmp_path / "nowhere", "no such folder")


@pytest.mark.parametrize("module", [denoiser, encoder, music, voice_activity])
def test_a_model_for_another_sample_rate_is_refused(copied, module):
    kind, load, folder = copied(module.KIND.shipped.name, sealed=False)
    path = folder / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"sample_rate_hz": 8000}))
    refused(kind, load, folder, "has sample_rate_hz 8000, expected")
