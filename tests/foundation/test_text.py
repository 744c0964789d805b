"""Names that would steer a terminal are spelled out, and names of every script stay as they are."""

import json
import os
import unicodedata

import pytest

from foundation.text import as_word, one_line, printable, shown, shown_lines

ORDINARY = [
    "Sigur Rós - Ágætis byrjun",
    "Motörhead's “Ace”…",
    "Дорога (live) №5",
    "فيروز - نسّم علينا الهوى",
    "می‌خواهم زنده بمانم",
    "שלום חנוך - \u200fאוויר (Live)",  # noqa: RUF001
    "ក្មេង\u200bស្រី",  # Khmer parts words so
    "क्\u200dष और न्\u200cह",
    "தமிழ் பாடல்",
    "ไม่รักระวังตาย",
    "椎名林檎・丸の内\u3000サディスティック",
    "방탄소년단",
    "cafe\u0301 na\u0308ive Z\u0338a\u0337l\u0334g\u0321o",
    "👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f\u200d🔥 👍🏽 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 🇩🇪",
    "葛\U000e0100城",  # a form of a sign
    "a\u00a0b\u3000c\u2003d, soft\u00adhyphen",
    r"C:\music\new",
]
STEERING = {
    "an escape": ("\x1b[2J", r"\u001b[2J"),
    "an escape of one byte": ("\x9b2J", r"\u009b2J"),
    "a bell and a backspace": ("\a\b", r"\u0007\b"),
    "delete": ("\x7f", r"\u007f"),
    "back to the beginning": ("a\rb", r"a\rb"),
    "a line separator": ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\u0085d"),
    "text turned round": ("gpj\u202e.exe", r"gpj\u202e.exe"),
    "an isolate without end": ("\u2067abc", r"\u2067abc"),
    "nothing between letters": ("pay\u200bpal\u2060", r"pay\u200bpal\u2060"),
    "a joiner that joins nothing": ("a\u200db", r"a\u200db"),
    "nothing after Cyrillic": ("а\u200bб", r"а\u200bб"),  # noqa: RUF001
    "nothing first": ("\ufeffa", r"\ufeffa"),
    "a tag outside a flag": ("a\U000e0041", r"a\udb40\udc41"),
    "a flag that is none": ("🏴\U000e0041", r"🏴\udb40\udc41"),
    "bytes that are no UTF-8": ("\udcff", r"\udcff"),
}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_names_stay(text):
    assert shown(text) == shown_lines(text) == one_line(text) == text
    assert printable(text) == text


@pytest.mark.parametrize(("text", "expected"), STEERING.values(), ids=STEERING)
def test_what_steers_is_spelled_out_once(text, expected):
    assert shown(text) == expected
    assert shown(shown(text)) == expected
    assert json.loads(shown_lines(json.dumps([text], ensure_ascii=False))) == [text]


def test_nothing_that_steers_is_left():
    everything = "".join(map(chr, range(0x110000)))
    left = {unicodedata.category(sign) for sign in set(shown(everything)) - set(" ")}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown(everything)) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def test_lines():
    text = "a\n\tb\r\nc"
    assert shown(text) == r"a\n\tb\r\nc"
    assert shown_lines(text) == "a\n\tb\\r\nc"
    assert one_line(text) == "a b c"


def test_paths(tmp_path):
    assert printable(tmp_path / "a\nb.wav") == f"{tmp_path}/a\\nb.wav"
    assert as_word(tmp_path) == str(tmp_path)
    assert as_word("Anna's $5.csv") == "'Anna'\"'\"'s $5.csv'"
    assert printable(os.fsdecode(b"caf\xe9\x1b")) == r"caf\xe9\u001b"
