"""What all tests share: folders of their own, the command line, and the project's own tracks."""

import sys

import pytest

from app.command_line import main
from ser.user_data import CONFIG_HOME_VARIABLE, DATA_HOME_VARIABLE


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path_factory):
    """Keep every test away from the folders of whoever runs it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(folder / "data"))
    monkeypatch.setenv(CONFIG_HOME_VARIABLE, str(folder / "config"))
    for variable in ("NO_PROXY", "no_proxy"):  # the servers of tests are on this computer
        monkeypatch.setenv(variable, "127.0.0.1,localhost")
    return folder


@pytest.fixture
def emotify(monkeypatch, capsys):
    """Run the command line in this process: `emotify(*arguments) -> (code, out, err)`."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["emotify", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return stop.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def catalogue():
    """The project's own tracks and moods; nothing may change them."""
    from clustering.catalogue import open_catalogue

    return open_catalogue()
