"""Schedules: stored whole, quoted right for cron and systemd, installed once, taken away again."""

import dataclasses
import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from foundation.errors import InputError
from foundation.user_data import DATA_HOME_VARIABLE
from listener import schedules as module
from listener import system_jobs
from listener.schedules import (
    Schedule,
    checked_every,
    kept_environment,
    load,
    picks_seed,
    remove,
    save,
    schedule_name,
    schedule_names,
    schedules,
)
from listener.system_jobs import as_cron, as_systemd, install, refresh_command, uninstall

AWKWARD = """it's 100% "grün" & $HOME \\ `x`; é"""
# Writes what it was started with, one JSON file for each start.
WITNESS = """#!{python}
import json, os, sys
told = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "environ": dict(os.environ)}}
open({out!r}, "w", encoding="utf-8").write(json.dumps(told))
print("renewed")
"""
CRONTAB = """#!/bin/sh
# Keeps one crontab; says what cron's own says where there is none.
echo "$@" >> "{folder}/crontab.calls"
if [ -f "{folder}/refuse" ]; then cat "{folder}/refuse" >&2; exit 1; fi
case "$1" in
-l) if [ -f "{folder}/tab" ]; then cat "{folder}/tab"; else
    echo "no crontab for ann" >&2; exit 1; fi ;;
-) cat > "{folder}/tab" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "{folder}/systemctl.calls"
if [ -f "{folder}/no-bus" ]; then echo "Failed to connect to bus" >&2; exit 1; fi
if [ "$2" = enable ] && [ -f "{folder}/refuse" ]; then cat "{folder}/refuse" >&2; exit 1; fi
exit 0
"""


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """Give every test its own folders, with an awkward name, and none of this system's tools."""
    home = tmp_path / AWKWARD.replace("/", "")
    (home / "bin").mkdir(parents=True)
    for name in os.environ:
        if name.startswith("EMOTIFY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cat", "sh"):  # the stand-ins need them
        (tools / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tools))
    return home


@pytest.fixture
def tools(tmp_path):
    return tmp_path / "tools"


def program(path, text):
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


def made(playlist="Morning picks", every="weekly", **changes):
    choice = {"emotion": "happy", "size": 20, "genres": ["rock"], "lift": None}
    schedule = Schedule.of(playlist, every=every, choice=choice, public=False)
    return dataclasses.replace(schedule, **changes)


# --------------------------------------------------------------------------------------- files


def test_a_schedule_comes_back_as_it_was_and_only_its_owner_may_read_it(home):
    first, second = made(AWKWARD, "DAILY"), made("B-sides", "Monthly")
    for schedule in (first, second, first):
        path = save(schedule)
    assert path == home / "data" / "schedules" / f"{first.name}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(first.name) == first and first.every == "daily" and first.playlist == AWKWARD
    assert first.created.endswith("+00:00")
    assert sorted(map(repr, schedules(pytest.fail))) == sorted(map(repr, (first, second)))
    remove(first.name)
    assert schedules(pytest.fail) == [second]


def test_names_are_file_names_and_differ_where_playlists_do():
    names = [
        schedule_name(playlist)
        for playlist in (
            "Happy",
            "happy",
            "Fröhlich & laut!",
            "夜",
            "朝",
            "../../etc",
            "x" * 300,
            "",
        )
    ]
    assert len(set(names)) == len(names)
    assert all(module.NAME.fullmatch(name) for name in names)
    assert names[2].startswith("frohlich-laut-") and names[3].startswith("playlist-")
    assert schedule_name("Happy") == names[0]


def test_unknown_and_damaged_schedules_are_answered_with_those_there_are():
    kept, broken = made("Kept"), made("Broken")
    with pytest.raises(InputError, match="no schedule 'kept'; there are: none"):
        load("kept")
    save(kept)
    path = save(broken)
    for name in ("../kept", "Kept", "", "nobody"):
        for call in (load, remove):
            with pytest.raises(InputError, match=f"no schedule .*{kept.name}"):
                call(name)
    good = json.loads(path.read_text("utf-8"))
    for text, words in (
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is no schedule"),
        ('"x"', "is no schedule"),
        (json.dumps({**good, "format_version": 99}), "format version 99"),
        (json.dumps({**good, "every": "hourly"}), "is damaged"),
        (json.dumps({**good, "created": "yesterday"}), "is damaged"),
        (json.dumps({**good, "choice": "happy"}), "is damaged"),
        (json.dumps({**good, "environment": {"A": 1}}), "is damaged"),
        (json.dumps({**good, "name": kept.name}), "is damaged"),
        (json.dumps({**good, "more": 1}), "is damaged"),
    ):
        path.write_text(text, "utf-8")
        with pytest.raises(InputError, match=f"{words}.*there are:.*{kept.name}"):
            load(broken.name)
    assert schedule_names() == sorted([kept.name, broken.name])
    remove(broken.name)
    assert schedules(pytest.fail) == [kept]


def test_intervals_are_taken_in_any_case_and_others_refused():
    assert [checked_every(text) for text in ("Daily", " WEEKLY ", "monthly")] == [
        "daily",
        "weekly",
        "monthly",
    ]
    with pytest.raises(InputError, match=r"'hourly' .* daily, weekly, monthly"):
        made(every="hourly")


def test_the_environment_kept_says_where_files_are_and_holds_no_secret():
    environ = {
        "EMOTIFY_DATA_HOME": "here",
        "EMOTIFY_SPOTIFY_CLIENT_ID": "abc",
        "EMOTIFY_CLIENT_SECRET": "s",
        "EMOTIFY_TOKEN_FILE": "t",
        "Emotify_Other": "o",
        "XDG_CONFIG_HOME": "/config",
        "HOME": "/home/ann",
    }
    assert kept_environment(environ) == {
        "EMOTIFY_DATA_HOME": str(Path("here").absolute()),
        "EMOTIFY_SPOTIFY_CLIENT_ID": "abc",
        "XDG_CONFIG_HOME": "/config",
    }


# --------------------------------------------------------------------------------------- picks


@pytest.mark.parametrize(
    ("every", "same", "following"),
    [
        ("daily", ("2026-11-21", "2026-11-21"), "2026-11-22"),
        ("weekly", ("2026-12-28", "2027-01-03"), "2027-01-04"),  # one ISO week over New Year
        ("monthly", ("2026-11-01", "2026-11-30"), "2026-12-01"),
    ],
)
def test_picks_are_the_same_within_a_period_and_others_in_the_next(every, same, following):
    schedule = made(every=every)
    first, last, later = (
        picks_seed(schedule, date.fromisoformat(day)) for day in (*same, following)
    )
    assert first == last != later
    assert picks_seed(made("Another", every), date.fromisoformat(following)) != later


def test_seeds_do_not_depend_on_the_process():
    days = [date(2026, 1, 1 + day) for day in range(31)]
    seeds = [picks_seed(made(every="daily"), day) for day in days]
    assert len(set(seeds)) == 31 and all(0 <= seed < 2**32 for seed in seeds)
    assert picks_seed(made(), date(2026, 11, 21)) == 2_869_824_875


# ------------------------------------------------------------------------------------- quoting


def as_cron_would(job):
    """Run a crontab line as cron does: five fields, % as newline unless escaped, then sh -c."""
    mark, line, rest = job.split("\n")
    assert rest == "" and mark.startswith("# emotify ")
    fields = line.split(" ", 5)
    command = fields[5].replace(r"\%", "\0")
    assert "%" not in command
    environ = {"HOME": "/", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    subprocess.run(
        ["/bin/sh", "-c", command.replace("\0", "%")], env=environ, check=True, timeout=20, cwd="/"
    )
    return " ".join(fields[:5])


@pytest.mark.parametrize(
    ("every", "times"),
    [("daily", "15 6 * * *"), ("weekly", "15 6 * * 1"), ("monthly", "15 6 1 * *")],
)
def test_cron_starts_exactly_the_command_whatever_is_in_the_names(home, monkeypatch, every, times):
    out = home / "told.json"
    witness = WITNESS.format(python=sys.executable, out=str(out))
    program(home / "bin" / "emotify", witness)
    monkeypatch.setattr(sys, "executable", str(home / "bin" / "python"))
    monkeypatch.setenv("EMOTIFY_ODD", AWKWARD)
    schedule = made(AWKWARD, every)
    save(schedule)
    for _ in range(2):
        assert as_cron_would(as_cron(schedule)) == times
    told = json.loads(out.read_text("utf-8"))
    assert told["argv"] == ["playlist", "refresh", schedule.name]
    assert told["environ"]["EMOTIFY_ODD"] == AWKWARD
    assert told["environ"][DATA_HOME_VARIABLE] == str(home / "data")
    log = home / "data" / "schedules" / f"{schedule.name}.log"
    assert log.read_text("utf-8") == "renewed\n" * 2
    remove(schedule.name)
    assert not log.exists()


def test_without_the_script_the_module_runs_in_the_project_folder(home, monkeypatch):
    out = home / "told.json"
    witness = WITNESS.format(python=sys.executable, out=str(out))
    python = program(home / "bin" / "python", witness)
    monkeypatch.setattr(sys, "executable", str(python))
    schedule = made()
    save(schedule)
    as_cron_would(as_cron(schedule))
    told = json.loads(out.read_text("utf-8"))
    assert told["argv"] == ["-m", "app.command.main", "playlist", "refresh", schedule.name]
    assert (Path(told["cwd"]) / "app" / "command" / "main.py").is_file()
    service, _ = as_systemd(schedule).values()
    assert f"WorkingDirectory={told['cwd']}\n" in service


def test_a_line_break_in_a_variable_is_refused_by_cron_and_quoted_for_systemd():
    schedule = made(environment={"EMOTIFY_ODD": "a\nb"})
    with pytest.raises(InputError, match="cannot hold the line break"):
        as_cron(schedule)
    service, _ = as_systemd(schedule).values()
    assert 'Environment="EMOTIFY_ODD=a\\x0ab"\n' in service


@pytest.mark.parametrize("every", ["daily", "weekly", "monthly"])
def test_systemd_accepts_the_units(home, monkeypatch, every, tmp_path):
    analyze = shutil.which("systemd-analyze", path=os.defpath + ":/usr/bin:/bin")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here")
    program(home / "bin" / "emotify", "#!/bin/sh\n")
    monkeypatch.setattr(sys, "executable", str(home / "bin" / "python"))
    monkeypatch.setenv("EMOTIFY_ODD", AWKWARD)
    schedule = made(AWKWARD, every)
    folder = tmp_path / "units"
    folder.mkdir()
    for name, text in as_systemd(schedule).items():
        (folder / name).write_text(text, "utf-8")
    run = subprocess.run(
        [analyze, "verify", "--user", "--man=no", *sorted(map(str, folder.iterdir()))],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_systemd_gets_percent_and_dollar_signs_quotes_and_backslashes_escaped(home, monkeypatch):
    program(home / "bin" / "emotify", "#!/bin/sh\n")
    monkeypatch.setattr(sys, "executable", str(home / "bin" / "python"))
    schedule = made(environment={"EMOTIFY_ODD": '50% "a\\b" $HOME'})
    service, timer = as_systemd(schedule).values()
    assert 'Environment="EMOTIFY_ODD=50%% \\"a\\\\b\\" $HOME"\n' in service
    assert f'"playlist" "refresh" "{schedule.name}"\n' in service and "100%%" in service
    assert 'ExecStart=/usr/bin/env "/' in service and "& $$HOME \\\\ `x`" in service
    assert "OnCalendar=Mon *-*-* 06:15:00\nPersistent=true\n" in timer


# ---------------------------------------------------------------------------------- installing


def test_systemd_comes_first_and_gets_units_that_are_taken_away_again(home, tools):
    program(tools / "systemctl", SYSTEMCTL.format(folder=tools))
    program(tools / "crontab", CRONTAB.format(folder=tools))
    schedule = made()
    for _ in range(2):
        assert "systemd runs it weekly" in install(schedule)
    folder = home / "config" / "systemd" / "user"
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == as_systemd(schedule)
    timer = f"emotify-{schedule.name}.timer"
    calls = [
        "--user show-environment",
        "--user daemon-reload",
        f"--user enable --now {timer}",
    ]
    assert (tools / "systemctl.calls").read_text().splitlines() == calls * 2
    assert not (tools / "tab").exists()
    assert uninstall(schedule.name) == [f"systemd's timer {timer} is gone"]
    assert f"--user disable --now {timer}" in (tools / "systemctl.calls").read_text()
    assert list(folder.iterdir()) == [] and uninstall(schedule.name) == []


def test_what_systemd_refuses_leaves_no_units_and_is_told_in_its_words(home, tools):
    program(tools / "systemctl", SYSTEMCTL.format(folder=tools))
    (tools / "refuse").write_text("Unit is masked.\n")
    with pytest.raises(InputError, match=r"enable --now .* exit code 1: Unit is masked"):
        install(made())
    assert list((home / "config" / "systemd" / "user").iterdir()) == []


@pytest.mark.parametrize(
    "others", [b"", b"# mine\n0 5 * * * echo 'a  b' \xff\t\r\n\n@daily x", b"MAILTO=ann\n"]
)
def test_the_crontab_holds_one_job_a_schedule_and_other_lines_stay(tools, others):
    program(tools / "systemctl", SYSTEMCTL.format(folder=tools))
    (tools / "no-bus").touch()
    program(tools / "crontab", CRONTAB.format(folder=tools))
    tab = tools / "tab"
    if others:
        tab.write_bytes(others)
    first, second = made(), made("Another, 50%", "daily")
    assert "cron runs it weekly" in install(first)
    install(second)
    ended = others + b"\n" * (bool(others) and not others.endswith(b"\n"))
    jobs = [os.fsencode(as_cron(schedule)) for schedule in (first, second)]
    assert tab.read_bytes() == ended + b"".join(jobs)
    install(second)
    assert tab.read_bytes() == ended + b"".join(jobs)
    assert (tools / "crontab.calls").read_text().split("\n") == ["-l", "-", "-l", "-", "-l", ""]
    later = dataclasses.replace(first, every="monthly")
    install(later)  # in the place of the old one
    assert tab.read_bytes() == ended + os.fsencode(as_cron(later)) + jobs[1]
    assert uninstall(first.name) == [f"the crontab's line for {first.name} is gone"]
    assert tab.read_bytes() == ended + jobs[1]
    uninstall(second.name)
    assert tab.read_bytes() == ended
    assert uninstall(second.name) == []


def test_a_mark_without_its_job_takes_nobody_elses_line_along(tools):
    program(tools / "crontab", CRONTAB.format(folder=tools))
    schedule = made()
    (tools / "tab").write_bytes(f"# emotify {schedule.name}\n0 5 * * * mine\n".encode())
    uninstall(schedule.name)
    assert (tools / "tab").read_bytes() == b"0 5 * * * mine\n"


def test_a_crontab_that_cannot_be_read_is_not_written(tools):
    program(tools / "crontab", CRONTAB.format(folder=tools))
    (tools / "tab").write_bytes(b"0 5 * * * mine\n")
    (tools / "refuse").write_text("cannot open spool\n")
    for call in (lambda: install(made()), lambda: uninstall(made().name)):
        with pytest.raises(InputError, match=r"`crontab -l` failed .* cannot open spool"):
            call()
    (tools / "refuse").write_text("You (ann) are not allowed to use this program (crontab)\n")
    with pytest.raises(InputError, match=r"`crontab -` failed .* not allowed"):
        install(made())
    assert uninstall(made().name) == []
    assert (tools / "tab").read_bytes() == b"0 5 * * * mine\n"


def test_a_tool_that_hangs_is_given_up(tools, monkeypatch):
    program(tools / "crontab", "#!/bin/sh\nwhile :; do :; done\n")
    monkeypatch.setattr(system_jobs, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(InputError, match=r"cannot be run .*timed out"):
        install(made())


def test_without_a_scheduler_the_line_is_shown(monkeypatch):
    schedule = made()
    with pytest.raises(InputError, match="neither systemd") as caught:
        install(schedule)
    assert as_cron(schedule) in str(caught.value)
    assert uninstall(schedule.name) == []
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(InputError, match="Task Scheduler") as caught:
        install(schedule)
    assert "/SC WEEKLY /D MON /ST 06:15" in str(caught.value)
    assert f"playlist refresh {schedule.name}" in str(caught.value)


def test_the_command_is_the_one_of_this_installation():
    command, folder = refresh_command("a-1")
    assert Path(command[0]).is_absolute() and command[-3:] == ["playlist", "refresh", "a-1"]
    assert folder is None or (folder / "app" / "command" / "main.py").is_file()
