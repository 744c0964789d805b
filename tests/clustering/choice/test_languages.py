"""The language of a track: the table's word, the script, py3langid where it is sure, or None."""

import subprocess
import sys
import time

import pandas as pd
import pytest

from clustering.choice.languages import language_of_title, languages
from clustering.tables.tracks import read_tracks
from foundation.errors import InputError
from foundation.languages.names import LANGUAGES, known_language


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("シルエット", "ja"),
        ("夜に駆ける", "ja"),
        ("紅(イントロ ストリングス) - Remaster", "ja"),
        ("天体観測", "ja"),  # 体 and 観 are written so in Japan alone
        ("月亮代表我的心", "zh"),
        ("爱情陷阱", "zh"),
        ("사랑했지만", "ko"),
        ("Ще не вмерла Україна", "uk"),
        ("Мы ещё споём", "ru"),
        ("Лучший друг", "ru"),
        ("Сърцето ми за теб", "bg"),
        ("Ђурђевдан", "sr"),
        ("Δεν υπάρχει", "el"),
        ("עוד דקה את נעלמת", "he"),
        ("حبيبي يا نور العين", "ar"),
        ("دل دیوانه من", "fa"),
        ("چاهتوں کا سفر", "ur"),
        ("คนไร้ค่า", "th"),
        ("तुम ही हो", "hi"),
    ],
)
def test_the_script_tells_a_language_even_in_a_short_title(title, code):
    assert language_of_title(title) == code


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Atemlos durch die Nacht", "de"),
        ("You Can't Rely on My Love", "en"),
        ("(I Can't Get No) Satisfaction", "en"),
        ("No Me Doy Por Vencido", "es"),
        ("Comment te dire adieu", "fr"),
        ("Se Eu Quiser Falar Com Deus", "pt"),
        ("Il buono il brutto il cattivo", "it"),
        ("DU FÖRSVANN SOM EN VIND", "sv"),
    ],
)
def test_a_longer_title_in_latin_letters_tells_its_language(title, code):
    assert language_of_title(title) == code


@pytest.mark.parametrize(
    "title",
    ["", "???", "1979", "Hello", "Mama", "BLOODLINE", "Kaun Hain Voh", "Manniley Pon Kidaikkum"],
)
def test_a_title_that_fits_many_languages_tells_none(title):
    assert language_of_title(title) is None


@pytest.mark.parametrize(
    "addition",
    [
        " (feat. Die Toten Hosen und die Ärzte)",
        " feat. Die Toten Hosen und die Ärzte",
        " - Live at the Royal Albert Hall in London",
        " - Remastered 2011",
        " [From the motion picture of the same name]",
        " (TVサイズ)",
    ],
)
def test_guests_and_editions_do_not_count(addition):
    assert language_of_title("Paloma" + addition) is None
    assert language_of_title("Der Weg nach Hause" + addition) == "de"


def test_the_column_counts_before_the_title_and_an_unknown_word_gives_none():
    cells = {
        "EN": "en",
        "eng": "en",
        "German": "de",
        "fre": "fr",
        "pt-BR": "pt",
        "zh_Hant": "zh",
        "Spanish (Mexico)": "es",
        "Hindi/English": "hi",
        "Klingon": None,
        "no lyrics": None,
        "zxx": None,
    }
    frame = pd.DataFrame({"name": "Atemlos durch die Nacht", "language": [*cells, None, " "]})
    assert list(languages(frame)) == [*cells.values(), "de", "de"]
    assert list(languages(frame[["language"]])) == [*cells.values(), None, None]
    assert list(languages(frame.iloc[:0])) == []
    numbers = pd.DataFrame({"name": ["x", None], "language": [float("nan")] * 2})
    assert list(languages(numbers)) == [None, None]


def test_users_name_a_language_by_code_or_in_english():
    for text in ("de", "DE", " German ", "german", "deu", "ger", "Deutsch"):
        assert known_language(text) == "de"
    for wrong in ("", "Klingon", "xx"):
        with pytest.raises(InputError, match=r"is no language known here.*de \(German\)"):
            known_language(wrong)


def test_no_word_names_two_languages():
    words = [word.casefold() for code, names in LANGUAGES.items() for word in (code, *names)]
    assert len(words) == len(set(words))


def test_the_shipped_table_is_mostly_english_and_read_quickly():
    frame = read_tracks().frame
    language_of_title.cache_clear()
    language_of_title("Die Gedanken sind frei")  # loads the model
    start = time.process_time()
    told = pd.Series(languages(frame))
    # 75,000 titles in 30 s would be 0.4 ms a title.
    assert time.process_time() - start < 0.4e-3 * len(frame)
    assert 0.3 < told.notna().mean() < 0.4
    assert 0.88 < (told.dropna() == "en").mean() < 0.93


def test_without_py3langid_a_title_that_needs_it_says_what_to_install():
    code = (
        "import sys; sys.modules['py3langid'] = None\n"
        "from clustering.choice.languages import language_of_title\n"
        "from foundation.languages.names import known_language\n"
        "print(language_of_title('사랑했지만'), known_language('German'))\n"
        "language_of_title('Atemlos durch die Nacht')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert run.stdout == "ko de\n" and "InputError: telling the language" in run.stderr
    assert "pip install py3langid" in run.stderr
