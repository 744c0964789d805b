"""Tables of labels as people write them: read where it is clear, answered where it is not."""

import re

import pytest

from foundation.errors import InputError
from ser.corpora import labelled_folders as labels
from ser.corpora.labelled_folders import read_labels, summary_of


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "anna").mkdir(parents=True)
    for name in ("a.wav", "b.wav", "anna/c.flac", "d.wav", "d.mp3", "e.1.wav", "notes.txt"):
        (folder / name).touch()
    return folder


def read(corpus, content):
    table = corpus.parent / "labels.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labels(table, corpus)


def found(corpus, content):
    return [
        (str(file.path.relative_to(corpus)), file.emotion, file.speaker)
        for file in read(corpus, content).files
    ]


PLAIN = "file,emotion,speaker\na.wav,happy,Anna\nanna/c.flac,sad,Bo\n"
MEANT = [("a.wav", "happy", "Anna"), ("anna/c.flac", "sad", "Bo")]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("anna/c", "anna\\c"),
        PLAIN.replace("anna/c.flac", ".\\anna\\c"),
        PLAIN.replace(".wav", "").replace(".flac", ""),
        PLAIN.replace("happy", " HAPPY ").replace("file,emotion", " File , Emotion"),
        PLAIN.replace("happy,Anna", '"happy","Anna"'),
        PLAIN.replace("\n", "\n\n,,\n"),
        "note,speaker,emotion,file\nx,Anna,happy,a.wav\n,Bo,sad,anna/c.flac,more,cells\n",
        "file,emotion,speaker\nanna/c.flac,sad,Bo\na.wav,happy,Anna",
    ],
)
def test_the_same_table_in_many_spellings(corpus, content):
    assert found(corpus, content) == MEANT
    assert read(corpus, content).left_out == ()


def test_an_absolute_name_a_name_with_dots_and_western_letters(corpus):
    (corpus / "müde.wav").touch()
    content = f"file;emotion\n{corpus / 'b.wav'};calm\ne.1;angry\nmüde.wav;sad\n"
    expected = {("b.wav", "calm", None), ("e.1.wav", "angry", None), ("müde.wav", "sad", None)}
    assert set(found(corpus, content.encode("cp1252"))) == expected
    assert not read(corpus, content).has_speakers


def test_of_several_files_with_one_name_the_lossless_one_is_taken(corpus):
    assert found(corpus, "file,emotion\nd,calm\n") == [("d.wav", "calm", None)]
    assert found(corpus, "file,emotion\nd.mp3,calm\n") == [("d.mp3", "calm", None)]


def test_every_bad_row_is_counted_and_named(corpus):
    table = read(
        corpus,
        "file,emotion,speaker\n"
        "a.wav,happy,Anna\n"
        "b.wav,bored,Anna\n"
        "b.wav,,Anna\n"
        "gone.wav,sad,Anna\n"
        "C:\\corpus\\b.wav,sad,Anna\n"
        f"{'x' * 3000}.wav,sad,Anna\n"
        ",sad,Anna\n"
        "d.wav,sad,\n"
        "d.wav\n"
        "./a.wav,Happy,Anna\n"
        "anna/c.flac,sad,Anna\n"
        "anna/../anna/c.flac,angry,Anna\n"
        "notes,sad,Anna\n",
    )
    assert [file.path.name for file in table.files] == ["a.wav"]
    assert table.n_rows == 13
    assert [(row.line, row.reason) for row in table.left_out] == [
        (3, labels.OTHER_EMOTION),
        (4, labels.OTHER_EMOTION),
        (5, labels.NO_SUCH_FILE),
        (6, labels.NO_SUCH_FILE),
        (7, labels.NO_SUCH_FILE),
        (8, labels.NO_FILE_NAME),
        (9, labels.NO_SPEAKER),
        (10, labels.OTHER_EMOTION),
        (11, labels.LISTED_AGAIN),
        (12, labels.CONTRADICTION),
        (13, labels.CONTRADICTION),
        (14, labels.NO_SUCH_FILE),
    ]
    summary = summary_of(table.left_out, table.n_rows)
    assert "12 of 13 rows" in summary and "\n" not in summary
    assert "bored" in summary and "gone.wav" in summary and "2 labelled in diff" in summary


def test_labels_as_corpora_write_them(corpus):
    rows = "file,emotion\na,ANG\nb,Happiness\nanna/c,fear\nd,boredom\n"
    assert [(name, emotion) for name, emotion, _ in found(corpus, rows)] == [
        ("a.wav", "angry"), ("anna/c.flac", "fearful"), ("b.wav", "happy")
    ]  # fmt: skip
    [left_out] = read(corpus, rows).left_out
    assert (left_out.reason, left_out.what) == (labels.OTHER_EMOTION, "boredom")
    # The same emotion in two spellings is no contradiction.
    [again] = read(corpus, "file,emotion\na,anger\na,ANG\n").left_out
    assert again.reason == labels.LISTED_AGAIN


def test_letters_of_one_corpus_are_read_and_mixed_ones_are_counted_and_named(corpus):
    rows = "file,emotion\na,W\nb,F\nanna/c,T\nd,L\n"
    assert [emotion for _, emotion, _ in found(corpus, rows)] == ["angry", "sad", "happy"]
    [left_out] = read(corpus, rows).left_out
    assert (left_out.reason, left_out.what) == (labels.OTHER_EMOTION, "L")
    mixed = read(corpus, "file,emotion\na,W\nb,F\nanna/c,sad\n")
    assert [file.emotion for file in mixed.files] == ["sad"]
    assert [(row.reason, row.what) for row in mixed.left_out] == [
        (labels.UNCLEAR_CODE, "W"), (labels.UNCLEAR_CODE, "F")
    ]  # fmt: skip
    assert "write the word (W, F)" in summary_of(mixed.left_out, mixed.n_rows)


def test_a_summary_names_a_few_of_each_kind_and_counts_the_rest(corpus):
    rows = "".join(f"none{number}.wav,sad\n" for number in range(9))
    table = read(corpus, "file,emotion\n" + rows)
    assert "9 no such file (none0.wav" in summary_of(table.left_out, 9)
    assert "and 4 more" in summary_of(table.left_out, 9)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n \n", "is empty"),
        ("file,emotion\n", "no row under its header"),
        ("file,label\na.wav,sad\n", "no column emotion; its columns are file, label"),
        ("a.wav,sad\n", "no column file and no column emotion"),
        (b"PK\x03\x04\x00\x00file,emotion\n", "is not a CSV"),
        ("file,emotion\na.wav," + "s" * 200_000 + "\n", "is not a CSV"),
    ],
)
def test_a_table_that_cannot_be_read_gets_an_answer(corpus, content, words):
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read(corpus, content)
    assert "labels.csv" in str(caught.value) and "give a CSV" in str(caught.value)


def test_missing_places_get_an_answer(corpus, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "none.csv", corpus)
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path, corpus)
    with pytest.raises(InputError, match="no such folder"):
        read_labels(tmp_path / "none.csv", tmp_path / "nowhere")
