"""The shipped reader answers for what people write, in whatever way they write it."""

import numpy as np
import pytest

from foundation.errors import InputError
from reading.network.artefact import KIND, load, save
from reading.nuances import NUANCES
from reading.sentences import passages
from reading.text import ABSENCE, load_reader, readable


@pytest.fixture(scope="module")
def reader():
    return load_reader()


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("We got the keys today, what a wonderful day, I'm so happy!", "happy"),
        ("I miss her so much, I cry every evening.", "sad"),
        ("They cancelled my train again and nobody apologises, I'm fuming.", "angry"),
        ("I keep hearing footsteps on the stairs and I'm scared to move.", "fearful"),
        ("There was a dead rat in the sink, it was revolting.", "disgust"),
        ("Wow, I never would have guessed that!", "surprised"),
        ("I'm resting in the hammock, everything is quiet and peaceful.", "calm"),
        ("The bus stops at the corner of the street.", "neutral"),
        ("Ich vermisse dich so sehr, ich könnte nur weinen.", "sad"),
        ("Wir haben es geschafft, ich bin überglücklich!", "happy"),
        ("J'ai tellement peur de l'opération de demain.", "fearful"),
        ("¡Estoy furioso, me han vuelto a mentir!", "angry"),
        ("Мне очень грустно и одиноко.", "sad"),
        ("我今天非常开心。", "happy"),
    ],
)
def test_plain_feelings_are_read(reader, text, emotion):
    assert reader.predict(text).label == emotion


def test_excitement_and_contentment_are_both_happy_or_calm_and_differ_in_the_plane(reader):
    excited = reader.predict("I am so excited, I can't wait for tomorrow!")
    thankful = reader.predict("Thank you so much for everything you did for me.")
    assert excited.label == thankful.label == "happy"
    assert "excitement" in {nuance.name for nuance in excited.nuances}
    assert "gratitude" in {nuance.name for nuance in thankful.nuances}


def test_a_long_text_has_a_segment_for_each_sentence(reader):
    text = "I was so nervous all day.\nThen they called: I got the job! I could hug everyone."
    estimate = reader.predict(text)
    words = [text[s.place.start : s.place.end] for s in estimate.segments]
    assert words == ["I was so nervous all day.", "Then they called: I got the job!",
                     "I could hug everyone."]  # fmt: skip
    assert estimate.segments[0].label == "fearful"
    assert reader.predict(text) == estimate


def test_a_few_sentences_are_read_together_and_many_in_passages(reader):
    glad, sad = "I am happy. ", "I am so sad and lonely tonight. "
    together = reader.predict(glad + sad)
    apart = [reader.predict(one).probabilities for one in (glad, sad)]
    said = [s.probabilities for s in together.segments]
    assert said == [pytest.approx(p, abs=1e-5) for p in apart]
    text = 8 * sad + 40 * glad  # 256 characters of the one, then 480 of the other
    places = [passage.place for passage in passages(text, "en")]
    parts = [text[place.start : place.end] for place in places]
    rows = np.array([reader.predict(part).probabilities for part in parts])
    letters = np.array([sum(map(str.isalpha, part)) for part in parts])
    weighted = (letters * rows.max(axis=1)) @ rows
    assert len(parts) == 3 and all(len(part) <= 280 for part in parts)
    assert reader.predict(text).probabilities == pytest.approx(weighted / weighted.sum(), abs=1e-5)


def test_many_texts_are_answered_as_each_alone(reader):
    texts = ["I am glad.", "...", "What a day. I'm tired and sad.", "¡Qué asco!"] * 30
    together = list(reader.predict_many(texts))
    for text, estimate in zip(texts[:4], together, strict=False):
        alone = reader.predict(text)
        assert estimate.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
        assert (estimate.absence, estimate.doubts) == (alone.absence, alone.doubts)
    assert len(together) == 120


@pytest.mark.parametrize(
    "text", ["...", "?!", "12345 678", "a" * 5000, "-----\n=====", "\u200b \u200b!"]
)
def test_where_there_are_no_words_no_emotion_is_named(reader, text):
    estimate = reader.predict(text)
    assert estimate.absence == ABSENCE and estimate.emotion is None and estimate.confidence == 0


@pytest.mark.parametrize("text", ["", "  \n ", None, b"I am sad", 7])
def test_what_is_no_text_is_refused(reader, text):
    with pytest.raises(
        InputError, match=r"text .*(is empty|write a sentence|give what was written)"
    ):
        reader.predict(text)


def test_emoji_alone_are_words(reader):
    assert reader.predict("😭😭😭").label == "sad"
    assert "crying face" in readable("😭")


def test_shouting_and_decoration_change_nothing(reader):
    plain = reader.predict("i am so angry right now")
    assert reader.predict("I AM SO ANGRY RIGHT NOW").label == plain.label == "angry"
    piled = "".join(letter + "\u0300\u0301\u0302\u0303" for letter in "i am so angry right now")
    assert reader.predict(piled).probabilities == pytest.approx(plain.probabilities)


def test_a_file_in_letters_is_no_word(reader):
    blob = "QmFzZTY0IGlzIG5vdCBhIHdvcmQ" * 2000
    assert reader.predict(blob).absence == ABSENCE
    with_words = reader.predict(f"I am so sad today. {blob}")
    assert with_words.label == "sad"


def test_a_language_that_was_not_learned_is_doubted(reader):
    estimate = reader.predict("Kísértetiesen hideg van ma, és senki sem szól hozzám egy szót sem.")
    assert any("Hungarian" in doubt for doubt in estimate.doubts)


def test_a_hundred_thousand_words_are_read(reader):
    text = "I was tired. It rained and I missed my friends a lot.\n" * 9000
    estimate = reader.predict(text)
    assert len(estimate.segments) == 18_000


def test_names_change_nothing(reader):
    for names in (("Maria", "Ahmed"), ("my brother", "my sister"), ("he", "she")):
        a, b = (reader.predict(f"I am so glad that {name} called me today") for name in names)
        assert a.probabilities == pytest.approx(b.probabilities, abs=0.1)


def test_what_is_saved_reads_the_same(reader, tmp_path):
    artefact = reader.artefact
    kept = ("calibration", "nuance_temperature", "languages", "recipe")
    save(tmp_path / "mine", artefact.network.weights, artefact.network.side,
         {key: artefact.settings[key] for key in kept})  # fmt: skip
    text = "I hope it goes well, I am a little nervous."
    assert load_reader(tmp_path / "mine").predict(text) == reader.predict(text)
    KIND.check_target(tmp_path / "mine")
    (tmp_path / "mine" / "network.npz").write_bytes(b"no network")
    with pytest.raises(InputError, match="does not match SHA256SUMS"):
        load(tmp_path / "mine")


def test_every_nuance_has_a_place_and_a_source():
    for nuance in NUANCES:
        assert -1 <= nuance.valence <= 1 and -1 <= nuance.arousal <= 1
        assert nuance.source == "ours" or nuance.word
