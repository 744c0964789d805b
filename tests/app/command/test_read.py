"""`emotify read` and `emotify playlist --text`: what is written becomes an estimate, and music."""

import io
import json
import sys

import pytest

from foundation.shipped import shipped


def test_a_text_is_read_with_its_nuances(emotify):
    code, out, _ = emotify("read", "Thank you so much, you made my day!")
    assert code == 0 and out.startswith("Thank you so much, you made my day!: happy (")
    assert "more closely: gratitude" in out and "  sad" in out


def test_words_need_no_quotes_and_a_long_text_has_a_timeline(emotify):
    words = (
        "I",
        "was",
        "scared",
        "all",
        "day.",
        "Then",
        "it",
        "was",
        "over",
        "and",
        "I'm",
        "happy",
    )
    code, out, _ = emotify("read", *words, "--timeline")
    assert code == 0 and "I was scared all day." in out and "fearful (" in out


def test_json_has_the_keys_of_every_estimate_and_keeps_no_text_of_a_file(emotify, tmp_path):
    path = tmp_path / "diary.txt"
    path.write_text("J'ai tellement peur de demain.", "utf-16")
    code, out, _ = emotify("read", path, "--json")
    told = json.loads(out)
    assert code == 0 and told["emotion"] == "fearful" and told["language"] == "fr"
    assert told["text"] == "diary.txt" and "peur" not in out
    assert {"probabilities", "doubts", "segments", "nuances"} <= told.keys()


def test_lines_are_texts_of_their_own(emotify, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("I am so sad\n\nWhat a lovely day!\n...\n", "utf-8")
    code, out, _ = emotify("read", path, "--lines", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [one["text"] for one in told] == [
        "I am so sad",
        "What a lovely day!",
        "...",
    ]
    assert [one["emotion"] for one in told] == ["sad", "happy", None]
    assert all(isinstance(one["nuances"], list) for one in told)
    code, out, _ = emotify("read", path, "--lines")
    assert code == 0 and out.splitlines()[2] == "no words found    ..."


def test_standard_input_is_read(emotify, monkeypatch):
    given = io.TextIOWrapper(io.BytesIO("Ich bin so wütend!".encode()))
    monkeypatch.setattr(sys, "stdin", given)
    code, out, _ = emotify("read", "-", "--json")
    assert code == 0 and json.loads(out)["emotion"] == "angry"


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_is_refused(emotify, text):
    code, _, err = emotify("read", text)
    assert code == 2 and "the text is empty" in err


def test_what_is_no_text_is_refused(emotify, tmp_path):
    path = tmp_path / "picture.txt"
    path.write_bytes(bytes(range(256)) * 10)
    code, _, err = emotify("read", path)
    assert code == 2 and "holds no text" in err
    assert emotify("read", tmp_path)[0] == 2


def test_tags_steer_no_terminal(emotify):
    code, out, _ = emotify("read", "I am sad \x1b[31m <script>alert(1)</script>'; DROP TABLE x;")
    assert code == 0 and "\x1b" not in out


def playlist_of(emotify, text, *more):
    code, out, err = emotify("playlist", "--text", text, "--json", "-n", "15", *more)
    assert code == 0, err
    return json.loads(out)


def mean_energy(answer):
    return sum(track["energy"] for track in answer["tracks"]) / len(answer["tracks"])


def test_two_shades_of_happy_get_different_playlists(emotify):
    excited = playlist_of(emotify, "I am so excited, I can't wait for the party tomorrow!")
    thankful = playlist_of(emotify, "Thank you so much for everything, I'm so grateful.")
    assert excited["emotion"] == thankful["emotion"] == "happy"
    assert mean_energy(excited) > mean_energy(thankful)


def test_the_history_knows_that_it_was_a_text_and_not_what_was_written(emotify, own_folders):
    assert emotify("playlist", "--text", "I am so sad about marmalade.", "-n", "3")[0] == 0
    code, out, _ = emotify("history", "--json")
    assert code == 0 and "marmalade" not in out and '"text"' in out
    kept = [path.read_bytes() for path in own_folders.rglob("*") if path.is_file()]
    assert kept and not any(b"marmalade" in content for content in kept)


def test_a_text_beside_something_else_is_refused(emotify):
    code, _, err = emotify("playlist", "--text", "I am sad", "--emotion", "happy")
    assert code == 2 and "not both" in err
    code, _, err = emotify("playlist", "--text", "...")
    assert code == 2 and "no word" in err and "--anyway" in err


def test_a_voice_and_words_are_one_estimate(emotify):
    recording = shipped("data", "samples", "reading_short.wav")
    code, out, _ = emotify("playlist", recording, "--text", "I cried all night, I miss her.",
                           "-n", "3")  # fmt: skip
    assert code == 0 and out.startswith("Voice and words are sad")
    code, out, _ = emotify("history", "--json")
    assert "reading_short.wav and text" in out
    code, out, _ = emotify("playlist", recording, "--text", "We won! I'm so happy!", "-n", "6")
    assert code == 0 and ("It is not one thing" in out or "Voice and words" in out)
