import pytest

from clustering.choice.filters import Filters
from foundation.errors import InputError
from listener.profile import EXAMPLE, Profile, profile_path, read_profile, write_example

FULL = """
[genres]
include = ["rock"]
exclude = ["country", "metal"]
[artists]
include = ["Ann"]
exclude = ["Bob"]
favourites = ["Cleo"]
[languages]
include = ["German"]
exclude = ["EN"]
[tracks]
years = [1980, 1999]
popularity = [20, 80.5]
explicit = false
[history]
keep = false
"""


def test_every_key_is_understood(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("\ufeff" + FULL, "utf-8")
    profile = read_profile(path)
    assert profile == Profile(
        filters=Filters(
            genres=("rock",),
            not_genres=("country", "metal"),
            artists=("Ann",),
            not_artists=("Bob",),
            languages=("de",),
            not_languages=("en",),
            years=(1980, 1999),
            popularity=(20, 80.5),
            explicit=False,
        ),
        favourites=("Cleo",),
        keeps_history=False,
    )
    told = profile.describe()
    assert "no genres: country, metal" in told and "not kept" in told


def test_nobody_needs_a_profile(tmp_path):
    assert read_profile() == Profile()
    with pytest.raises(InputError, match="no profile"):
        read_profile(tmp_path / "absent.toml")


def test_the_example_is_one_that_asks_for_nothing():
    assert write_example() == profile_path()
    assert profile_path().read_text("utf-8") == EXAMPLE
    assert read_profile() == Profile()
    with pytest.raises(InputError, match="already"):
        write_example()


def test_the_comments_of_the_example_hold_too(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(EXAMPLE.replace("# years", "years").replace("# popul", "popul"))
    assert read_profile(path).filters == Filters(years=(1980, 2005), popularity=(20, 100))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[genre]\ninclude = []", r"unknown entry 'genre'.*\[genres\]"),
        (
            "[genres]\nwith = []",
            "unknown key 'with' in \\[genres\\]; choose from: include, exclude",
        ),
        ("genres = []", "is a table"),
        ("[genres]\ninclude = 'rock'", "'rock'; give a list of names"),
        ("[genres]\ninclude = [1]", "give a list of names"),
        ("[artists]\nexclude = ['']", "give a list of names"),
        ("[tracks]\nyears = [1990]", "first and the last year"),
        ("[tracks]\nyears = [1990.5, 2000]", "first and the last year"),
        ("[tracks]\nyears = [true, 2000]", "first and the last year"),
        ("[tracks]\nyears = [2000, 1990]", "run backwards"),
        ("[tracks]\npopularity = [0, 200]", "from 0 to 100"),
        ("[tracks]\nexplicit = 'no'", "true or false"),
        ("[history]\nkeep = 1", "true or false"),
        ("[languages]\ninclude = ['klingon']", "klingon"),
        ("[genres\n", "no valid TOML"),
    ],
)
def test_mistakes_are_answered_and_the_file_is_named(tmp_path, text, words):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        read_profile(path)
    assert "mine.toml" in str(error.value)


def test_what_is_no_text_is_answered(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_profile(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_profile(tmp_path)
