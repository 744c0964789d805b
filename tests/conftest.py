"""The command line as the tests call it."""

import sys

import pytest

from app.command_line import main


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
