"""A hit stands for a wanted track only if it is the same recording."""

import pytest

from spotify.answers import SpotifyTrack
from spotify.client import Account
from spotify.login import authorise
from spotify.matching import Match, WantedTrack, by_id, find, score
from spotify.stand_in.server import CatalogueTrack, Fault, StandIn


@pytest.fixture
def finder(monkeypatch, listener):
    """Find a track in a catalogue: `finder(wanted, *catalogue) -> (id or None, match, server)`."""
    started = []

    def found(wanted, *catalogue):
        there = StandIn(catalogue).__enter__()
        started.append(there)
        for variable, value in there.environment().items():
            monkeypatch.setenv(variable, value)
        account = Account(authorise([], listener.dialogue()), sleep=listener.sleep)
        match = find(account, wanted)
        return match and match.uri.removeprefix("spotify:track:"), match, there

    yield found
    for there in started:
        there.__exit__(None, None, None)


def want(name, artist="Oasis", **more):
    return WantedTrack(None, name, artist, **more)


def hit(name, *artists, **more):
    values = {"isrc": None, "duration_ms": None, "playable": True} | more
    return SpotifyTrack("x", "spotify:track:x", name, artists or ("Oasis",), **values)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (want("Wonderwall"), hit("Wonderwall")),
        (want("Wonderwall"), hit("wonderwall - Remastered")),
        (want("Wonderwall"), hit("Wonderwall (2014 Remaster)")),
        (want("Wonderwall - Remastered 2011"), hit("Wonderwall")),
        (want("Wonderwall"), hit("Wonderwall (feat. Somebody) [Remastered]", "Oasis", "Somebody")),
        (want("Wonderwall feat. Somebody", "Oasis; Somebody"), hit("Wonderwall", "Oasis")),
        (want("Hotel California", "Eagles"), hit("Hotel California - 2013 Remaster", "The Eagles")),
        (want("Déjà Vu", "Beyoncé"), hit("Deja Vu", "BEYONCE", "JAY-Z")),
        (want("Für Élise", "Beethoven"), hit("Fur Elise", "Beethoven")),
        (want("Группа крови", "Кино"), hit("Группа Крови", "Кино")),
        (want("Live and Let Die", "Wings"), hit("Live and Let Die - Remastered 2018", "Wings")),
        (
            want("Here Comes The Sun", "The Beatles"),
            hit("Here Comes The Sun - 2019 Mix", "The Beatles"),
        ),
        (want("Strobe", "deadmau5"), hit("Strobe (Original Mix)", "deadmau5")),
        (want("Let It Go", "Idina Menzel"), hit('Let It Go - From "Frozen"', "Idina Menzel")),
        (want("Let It Go"), hit("Let It Go - From “Frozen”", "Oasis", "X")),
        (want("Wonderwall (Live)"), hit("Wonderwall feat. Somebody - Live")),
        (want("Bohemian Rapsody", "Queen"), hit("Bohemian Rhapsody", "Queen")),
        (want("Wonderwall", duration_ms=250_000), hit("Wonderwall", duration_ms=262_000.0)),
    ],
)
def test_the_same_recording_under_other_words(wanted, found):
    assert score(wanted, found) >= 85


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (want("Wonderwall"), hit("Wonderwall (Karaoke Version)", "Oasis")),
        (want("Wonderwall"), hit("Wonderwall", "Oasis Karaoke")),
        (want("Wonderwall"), hit("Wonderwall", "Oasis Tribute Band")),
        (want("Wonderwall"), hit("Wonderwall (Originally Performed by Oasis)", "Oasis")),
        (want("Wonderwall"), hit("Wonderwall - Cover", "Oasis")),
        (want("Wonderwall"), hit("Wonderwall - Live at Knebworth")),
        (want("Wonderwall - Live"), hit("Wonderwall")),
        (want("Wonderwall"), hit("Wonderwall (Somebody Remix)")),
        (want("Wonderwall"), hit("Wonderwall - Instrumental")),
        (want("Imagine", "John Lennon"), hit("Imagine", "John Legend")),
        (want("Wonderwall"), hit("Wonderwall", "Ryan Adams")),
        (want("Wonderwall"), hit("Wonderwall (feat. Somebody) - Live")),
        (want("Wonderwall"), hit("Wonderwall feat. Somebody - Live")),
        (want("Let It Go"), hit('Let It Go (From "Frozen") [Karaoke Version]')),
        (want("Symphony No. 5 in C minor"), hit("Symphony No. 6 in C minor")),
        (want("Hello", "Adele"), hit("Halo", "Adele")),
        (want("Wonderwall", "unknown artist"), hit("Wonderwall")),
        (want("Wonderwall", duration_ms=250_000), hit("Wonderwall", duration_ms=600_000.0)),
        (want("Wonderwall"), SpotifyTrack("x", "u", "Wonderwall", (), None, None, True)),
    ],
)
def test_another_recording(wanted, found):
    assert score(wanted, found) < 85


def test_the_isrc_comes_first_and_names_may_differ(finder):
    wanted = want("Rapa das Bruxa", "Somebody", isrc="gb-aye-95-01234")
    track_id, match, there = finder(
        wanted,
        CatalogueTrack("A" * 22, "Rapa das Bruxa", ("Somebody",)),
        CatalogueTrack("B" * 22, "Rap der Bruxa", ("Other Spelling",), "GBAYE9501234"),
    )
    assert (track_id, match.by) == ("B" * 22, "isrc")
    assert [asked.query["q"] for asked in there.calls("GET /v1/search")] == ["isrc:GBAYE9501234"]


def test_an_isrc_with_quite_another_title_is_not_believed(finder):
    wanted = want("Wonderwall", isrc="GBAYE9501234")
    track_id, match, _ = finder(
        wanted,
        CatalogueTrack("B" * 22, "Symphony No. 5", ("X",), "GBAYE9501234"),
        CatalogueTrack("A" * 22, "Wonderwall", ("Oasis",)),
    )
    assert (track_id, match.by) == ("A" * 22, "search")


def test_the_best_hit_wins_then_the_nearest_duration_then_the_first(finder):
    catalogue = [
        CatalogueTrack("K" * 22, "Wonderwall (Karaoke)", ("Oasis",)),
        CatalogueTrack("L" * 22, "Wonderwall", ("Oasis",), duration_ms=260_000),
        CatalogueTrack("M" * 22, "Wonderwall", ("Oasis",), duration_ms=251_000),
        CatalogueTrack("N" * 22, "Wonderwall", ("Oasis",), duration_ms=251_000),
        CatalogueTrack("P" * 22, "Wonderwall", ("Oasis",), duration_ms=250_000, playable=False),
    ]
    assert finder(want("Wonderwall", duration_ms=250_000), *catalogue)[0] == "M" * 22
    assert finder(want("Wonderwall"), *catalogue)[0] == "L" * 22


def test_plain_words_find_what_fields_do_not(finder):
    track_id, match, there = finder(
        want("Ocean", "John Butler"), CatalogueTrack("A" * 22, "Ocean", ("John", "Butler"))
    )
    assert track_id is None
    assert [asked.query["q"] for asked in there.calls("GET /v1/search")] == [
        'track:"Ocean" artist:"John Butler"',
        "Ocean John Butler",
    ]
    assert match is None


def test_two_pages_are_looked_at_and_no_more(finder):
    def many(first):
        karaoke = [
            CatalogueTrack(f"K{i:021d}", f"Wonderwall (Karaoke {i})", ("Oasis",))
            for i in range(first)
        ]
        return [*karaoke, CatalogueTrack("A" * 22, "Wonderwall", ("Oasis",))]

    assert finder(want("Wonderwall"), *many(15))[0] == "A" * 22
    track_id, _, there = finder(want("Wonderwall"), *many(25))
    assert track_id is None
    asked = there.calls("GET /v1/search")
    assert [one.query["offset"] for one in asked] == ["0", "10", "0", "10"]
    assert {one.query["limit"] for one in asked} == {"10"}


def test_signs_of_the_query_language_do_not_harm(finder):
    name = 'The "Song": track:* ' + "very long " * 40
    found = CatalogueTrack("A" * 22, name, ("A:B",))
    _, _, there = finder(want(name, "A:B"), found)
    for asked in there.calls("GET /v1/search"):
        assert len(asked.query["q"]) <= 250
        assert asked.query["q"].count('"') in {0, 4}


def test_nothing_to_search_by_asks_nobody(finder):
    for wanted in (
        want("", ""),
        want("Title", ""),
        want("Title", "unknown artist"),
        want("?", '"'),
    ):
        track_id, _, there = finder(wanted)
        assert track_id is None
        assert not there.calls("GET /v1/search") or wanted.name == "?"


def test_a_refused_search_is_no_hit(account, there):
    there.faults.append(Fault(status=400, words="bad query", times=99))
    assert find(account, want("Wonderwall", isrc="GBAYE9501234")) is None


def test_an_id_needs_no_search():
    wanted = WantedTrack("4uLU6hMCjMI75M1A2tKUQC", "A", "B")
    assert by_id(wanted).uri == "spotify:track:4uLU6hMCjMI75M1A2tKUQC"
    assert by_id(WantedTrack("file-12", "A", "B")) is None
    assert by_id(WantedTrack(None, "A", "B")) is None


def test_values_for_json_come_back_the_same():
    wanted = WantedTrack("x", "Ä", "B;C", "GBAYE9501234", 1234.5)
    assert WantedTrack.from_dict(wanted.to_dict()) == wanted
    match = Match(wanted, "spotify:track:x", "Ä", "B", 91.5, "search")
    assert Match.from_dict(wanted, match.to_dict()) == match
