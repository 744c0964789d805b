"""Ask OSV, a database of known vulnerabilities, about every version of a lock file: `make audit`.

    python scripts/audit.py requirements.lock

pip-audit asks and prints what it finds; the exit code is then 1. Where the database cannot be
reached nothing is judged: that is said, and the exit code is 0. Further options are pip-audit's,
such as ``--ignore-vuln ID`` for a finding that does not concern the project.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import requests

from foundation.text import one_line
from foundation.web import BoundedSession

OSV_URL = "https://api.osv.dev/v1/query"
TIMEOUT_SECONDS = 15.0
# The example of OSV's own documentation: a database that knows nothing of it knows nothing at all.
KNOWN = {"version": "2.4.1", "package": {"name": "jinja2", "ecosystem": "PyPI"}}


def what_is_wrong(osv_url: str) -> str:
    """Return why the database cannot be asked, or nothing."""
    try:
        answer = BoundedSession().post(osv_url, json=KNOWN, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        found = answer.json().get("vulns")
    except requests.ConnectionError:
        return "cannot be reached"
    except (requests.RequestException, ValueError, AttributeError) as error:
        return f"does not answer as OSV does ({one_line(str(error))})"
    return "" if found else "has no entry where there must be one"


def main() -> int:
    """Audit the locks and return the exit code."""
    parser = argparse.ArgumentParser(description="Audit lock files for known vulnerabilities.")
    parser.add_argument("locks", nargs="+", type=Path, help="requirements with hashes")
    parser.add_argument("--osv-url", default=OSV_URL, help="another server with OSV's interface")
    arguments, more = parser.parse_known_args()
    wrong = what_is_wrong(arguments.osv_url)
    if wrong:
        print(f"audit skipped: {arguments.osv_url} {wrong}")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service=osv"]
    command += ["--disable-pip", "--progress-spinner=off", "--osv-url", arguments.osv_url, *more]
    locks = [part for lock in arguments.locks for part in ("--requirement", str(lock))]
    return subprocess.run([*command, *locks], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
