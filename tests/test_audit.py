"""`make audit` fails on a known vulnerability, and says so where it cannot ask for one."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from foundation.shipped import CHECKOUT

HASH = "--hash=sha256:" + 64 * "0"  # nothing is downloaded
LOCK = f"jinja2==3.1.6 {HASH}\nrequests==2.32.3 {HASH}\n"


def entry(package):
    versions = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}
    affected = [{"package": {"name": package, "ecosystem": "PyPI"}, "ranges": [versions]}]
    return {"id": f"PYSEC-{package}", "summary": "", "details": "", "affected": affected}


@pytest.fixture
def database():
    """A server with OSV's interface; `answers` are by package and version."""
    answers = {("jinja2", "2.4.1"): {"vulns": [entry("jinja2")]}}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = answers.get((query["package"]["name"], query["version"]), {})
            body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", answers
        server.shutdown()


@pytest.fixture
def audit(tmp_path):
    (tmp_path / "requirements.lock").write_text(LOCK, "utf-8")

    def run(url):
        script = CHECKOUT / "scripts" / "audit.py"
        command = [sys.executable, script, "requirements.lock", "--osv-url", url]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_known_vulnerability_fails(audit, database):
    url, answers = database
    assert audit(url)[0] == 0
    answers["requests", "2.32.3"] = {"vulns": [entry("requests")]}
    code, told = audit(url)
    assert code == 1 and "PYSEC-requests" in told and "PYSEC-jinja2" not in told


def test_without_a_database_nothing_is_judged_and_that_is_said(audit, database):
    url, answers = database
    code, told = audit("http://127.0.0.1:9")
    assert code == 0 and told == "audit skipped: http://127.0.0.1:9 cannot be reached\n"
    for answer, reason in (
        ("<html>Log in</html>", "does not answer as OSV does"),
        ("[]", "does not answer as OSV does"),
        ({}, "has no entry where there must be one"),
    ):
        answers["jinja2", "2.4.1"] = answer
        code, told = audit(url)
        assert code == 0 and told.startswith(f"audit skipped: {url} {reason}")
