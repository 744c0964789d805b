"""The commands of research without what they need: what is missing is said, and where it is."""


def test_research_commands_say_what_they_need(emotify, monkeypatch, tmp_path):
    monkeypatch.delenv("EMOTIFY_RAVDESS", raising=False)
    for arguments in (["train"], ["evaluate", "--train", "--out", tmp_path]):
        code, _, err = emotify(*arguments)
        assert code == 2 and "emotify ravdess download" in err
    for wish in (["--protocol", "emobox"], ["--shuffle-labels"]):
        code, _, err = emotify("evaluate", *wish)  # would print figures of something else
        assert code == 2 and "--train" in err
    code, _, err = emotify("ravdess", "validate", tmp_path / "nowhere")
    assert code == 2 and "nowhere" in err
    code, _, err = emotify("train", "--ravdess", tmp_path)
    assert code == 2 and "holds no RAVDESS clip" in err
