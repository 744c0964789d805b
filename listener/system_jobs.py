"""Jobs of the system that renew playlists: a `listener.schedules.Schedule` in, a job out.

Emotify does not stay in memory: systemd's user timers or cron run ``emotify playlist refresh NAME``
at 06:15 local time. The quoting follows systemd.syntax(7), systemd.exec(5) and crontab(5).
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from foundation.errors import InputError
from foundation.safe_write import write_text
from foundation.text import printable
from listener.schedules import Schedule, log_path, schedule_path

# Early enough to be there in the morning, and not the full hour at which everybody's jobs run.
CRON_TIMES = {"daily": "15 6 * * *", "weekly": "15 6 * * 1", "monthly": "15 6 1 * *"}
SYSTEMD_TIMES = {
    "daily": "*-*-* 06:15:00",
    "weekly": "Mon *-*-* 06:15:00",
    "monthly": "*-*-01 06:15:00",
}
WINDOWS_TIMES = {
    "daily": ("/SC", "DAILY"),
    "weekly": ("/SC", "WEEKLY", "/D", "MON"),
    "monthly": ("/SC", "MONTHLY", "/D", "1"),
}
TIMEOUT_SECONDS = 30.0  # of one call of systemctl or crontab
PROJECT = Path(__file__).resolve().parents[1]


def refresh_command(name: str) -> tuple[list[str], Path | None]:
    """Return what renews a playlist, and the folder to run it in if that matters."""
    script = Path(sys.executable).with_name("emotify")
    if script.is_file():
        return [str(script.absolute()), "playlist", "refresh", name], None
    return [sys.executable, "-m", "app.command.main", "playlist", "refresh", name], PROJECT


def as_cron(schedule: Schedule) -> str:
    """Return a comment that marks the job, and its crontab line.

    Raises
    ------
    InputError
        If a path or variable holds a line break, which a crontab cannot.
    """
    command, folder = refresh_command(schedule.name)
    variables = [f"{name}={value}" for name, value in schedule.environment.items()]
    job = shlex.join([*(["env", *variables] if variables else []), *command])
    if folder is not None:
        job = f"cd {shlex.quote(str(folder))} && {job}"
    job += f" >> {shlex.quote(str(log_path(schedule.name)))} 2>&1"
    if re.search(r"[\r\n\0]", job):
        raise InputError(
            f"a crontab cannot hold the line break in {job!r}; rename that folder or unset that "
            "variable"
        )
    # cron takes a bare % for the end of the line, also within quotes, and removes the backslash.
    job = job.replace("%", r"\%")
    return f"{_mark(schedule.name)}\n{CRON_TIMES[schedule.every]} {job}\n"


def as_systemd(schedule: Schedule) -> dict[str, str]:
    """Return the texts of a service and its timer by the names of their files."""
    command, folder = refresh_command(schedule.name)
    words = " ".join(_for_systemd(word).replace("$", "$$") for word in command)
    service = [
        "[Unit]",
        f"Description=Emotify renews the playlist of {schedule.name}",
        "",
        "[Service]",
        "Type=oneshot",
        *(f"Environment={_for_systemd(f'{n}={v}')}" for n, v in schedule.environment.items()),
        # This one is not quoted.
        *([f"WorkingDirectory={str(folder).replace('%', '%%')}"] if folder else []),
        # As an argument of env the path may hold quotes, which systemd refuses in a program's.
        f"ExecStart=/usr/bin/env {words}",
    ]
    timer = [
        "[Unit]",
        f"Description=Emotify renews the playlist of {schedule.name}, {schedule.every}",
        "",
        "[Timer]",
        f"OnCalendar={SYSTEMD_TIMES[schedule.every]}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    names, units = _unit_names(schedule.name), (service, timer)
    return {name: "\n".join([*unit, ""]) for name, unit in zip(names, units, strict=True)}


def as_windows(schedule: Schedule) -> str:
    """Return the command that makes a task of Windows' Task Scheduler."""
    command, _ = refresh_command(schedule.name)
    task = ["/TN", f"emotify-{schedule.name}", "/TR", subprocess.list2cmdline(command)]
    times = [*WINDOWS_TIMES[schedule.every], "/ST", "06:15"]
    return subprocess.list2cmdline(["schtasks", "/Create", *task, *times])


def install(schedule: Schedule) -> str:
    """Have the system run a saved schedule, by systemd's user timers or else cron; say which.

    What an earlier call made for the same schedule is replaced.

    Raises
    ------
    InputError
        If there is no scheduler, or it refuses.
    """
    if sys.platform.startswith("win"):
        raise InputError(
            "Windows has neither systemd nor cron; the schedule is kept, and this makes a task "
            f"for it in Task Scheduler:\n{as_windows(schedule)}"
        )
    if _has_systemd():
        return _install_units(schedule)
    if shutil.which("crontab"):
        before = _read_crontab()
        _write_crontab(_with_job(before, schedule.name, as_cron(schedule)), before)
        return (
            f"cron runs it {schedule.every} at 06:15 when this computer is on, and writes to "
            f"{printable(log_path(schedule.name))}"
        )
    raise InputError(
        "neither systemd's user timers nor crontab is there; the schedule is kept, have your "
        f"scheduler run it, as a crontab line:\n{as_cron(schedule)}"
    )


def uninstall(name: str) -> list[str]:
    """Take the job of a schedule from systemd and cron; say for each where one was.

    Raises
    ------
    InputError
        If the name cannot be one, or a scheduler refuses.
    """
    folder, done = _unit_folder(), []
    service, timer = (folder / unit for unit in _unit_names(schedule_path(name).stem))
    if service.exists() or timer.exists():
        has_systemd = _has_systemd()
        if has_systemd and timer.exists():
            _run(["systemctl", "--user", "disable", "--now", timer.name])
        for path in (timer, service, folder / "timers.target.wants" / timer.name):
            path.unlink(missing_ok=True)
        if has_systemd:
            _run(["systemctl", "--user", "daemon-reload"])
        done.append(f"systemd's timer {timer.name} is gone")
    if shutil.which("crontab"):
        before = _read_crontab()
        if _write_crontab(_with_job(before, name, ""), before):
            done.append(f"the crontab's line for {name} is gone")
    return done


def _install_units(schedule: Schedule) -> str:
    folder = _unit_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{printable(folder)} cannot be made ({error.strerror}); systemd wants units there"
        ) from error
    service, timer = _unit_names(schedule.name)
    for name, text in as_systemd(schedule).items():
        write_text(folder / name, text, private=True)
    try:
        _run(["systemctl", "--user", "daemon-reload"])
        _run(["systemctl", "--user", "enable", "--now", timer])
    except InputError:
        for name in (service, timer):
            (folder / name).unlink(missing_ok=True)
        raise
    return (
        f"systemd runs it {schedule.every} at 06:15 ({timer}); a run missed while this computer "
        "was off is made up for when you log in; `loginctl enable-linger` lets it run without "
        "that"
    )


def _unit_folder() -> Path:
    """Return where systemd looks for a user's units; a relative path does not count (XDG)."""
    chosen = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".config") / "systemd" / "user"


def _unit_names(name: str) -> tuple[str, str]:
    return f"emotify-{name}.service", f"emotify-{name}.timer"


def _for_systemd(text: str) -> str:
    """Quote one word as systemd.syntax(7) says; % would begin a specifier."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda c: f"\\x{ord(c[0]):02x}", text) + '"'


def _has_systemd() -> bool:
    if not shutil.which("systemctl"):
        return False
    try:
        _run(["systemctl", "--user", "show-environment"])
    except InputError:
        return False
    return True


def _mark(name: str) -> str:
    return f"# emotify {name}"


def _with_job(crontab: bytes, name: str, job: str) -> bytes:
    """Return a crontab with `job` in place of the one that is marked with `name`, or at its end."""
    lines = crontab.splitlines(keepends=True)
    mark, own = _mark(name).encode(), f" playlist refresh {name} ".encode()
    for at, line in enumerate(lines):
        if line.rstrip() == mark:
            # Somebody may have taken out the job and left the mark.
            is_followed = at + 1 < len(lines) and own in lines[at + 1]
            lines[at : at + 1 + is_followed] = [os.fsencode(job)]
            return b"".join(lines)
    if not job:
        return crontab
    if lines and not lines[-1].endswith(b"\n"):
        lines.append(b"\n")
    return b"".join([*lines, os.fsencode(job)])


def _read_crontab() -> bytes:
    done = _finished(["crontab", "-l"])
    if done.returncode == 0:
        return done.stdout
    # Who may not have a crontab has none either; writing one will say so.
    if re.search(rb"no crontab|not allowed", done.stderr):
        return b""
    raise _refused(["crontab", "-l"], done)


def _write_crontab(crontab: bytes, before: bytes) -> bool:
    if crontab == before:
        return False
    _run(["crontab", "-"], crontab)
    return True


def _run(command: Sequence[str], given: bytes = b"") -> None:
    done = _finished(command, given)
    if done.returncode:
        raise _refused(command, done)


def _finished(command: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},  # what it says is read
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"`{shlex.join(command)}` cannot be run ({error}); the job of the schedule is as it was"
        ) from error


def _refused(command: Sequence[str], done: subprocess.CompletedProcess[bytes]) -> InputError:
    words = (done.stderr or done.stdout).decode("utf-8", "replace").strip() or "no word why"
    return InputError(
        f"`{shlex.join(command)}` failed with exit code {done.returncode}: {words}; put that "
        "right and repeat the command"
    )
