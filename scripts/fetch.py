"""Fetch one pinned archive from the package index pip is configured to use, check it, and unpack it.

    fetch.py ARCHIVE SHA256 TARGET MEMBER [MEMBER...]
    fetch.py --check

The second form only says whether the index can be reached. ARCHIVE is a source archive (.tar.gz) or a wheel (.whl) by its exact file name. MEMBER names what to take out of it:
a path inside the archive, or a folder ending in "/", whose contents move up to TARGET. "PATH=NAME" stores the file or
folder PATH as NAME below TARGET. Nothing in the archive is executed.

The finished tree appears under TARGET in one rename per member, so an interrupted run leaves nothing half done.
"""

import hashlib
import html
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile


class Failure(Exception):
    """One line for the person at the terminal."""


def pip_setting(name):
    """A pip setting as pip itself resolves it: environment first, then the configuration files."""
    from_environment = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    for section in ("download", "install", "global"):
        answer = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"{section}.{name}"], capture_output=True, text=True
        )
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return None


def index_addresses():
    if pip_setting("no-index") in ("1", "true", "yes", "on"):
        return []
    first = pip_setting("index-url")
    if not first:
        from pip._internal.models.index import PyPI

        first = PyPI.simple_url
    return [first] + (pip_setting("extra-index-url") or "").split()


def tls_context():
    certificates = pip_setting("cert")
    return ssl.create_default_context(cafile=certificates if certificates else None)


def open_address(address):
    """Open an address; credentials written into it are sent as a header."""
    parts = urllib.parse.urlsplit(address)
    headers = {"Accept": "text/html, application/octet-stream"}
    if parts.username:
        import base64

        pair = urllib.parse.unquote(parts.username) + ":" + urllib.parse.unquote(parts.password or "")
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        address = urllib.parse.urlunsplit(parts._replace(netloc=host))
    request = urllib.request.Request(address, headers=headers)
    return urllib.request.urlopen(request, timeout=60, context=tls_context())


def local_candidates(archive):
    for place in (pip_setting("find-links") or "").split():
        path = pathlib.Path(place.removeprefix("file://")) / archive
        if path.is_file():
            yield path


def address_of(archive):
    """The address of ARCHIVE on the first index that lists it."""
    project = re.sub(r"[-_.]+", "-", archive.split("-")[0]).lower()
    trouble = None
    for index in index_addresses():
        page = index.rstrip("/") + f"/{project}/"
        try:
            with open_address(page) as answer:
                text = answer.read().decode()
                base = answer.geturl()
        except urllib.error.HTTPError as error:
            trouble = f"the package index answered {error.code} for {project}"
            continue
        except (OSError, ValueError) as error:
            raise Failure(f"no network: the package index could not be reached ({error})") from error
        for link in re.findall(r'<a\s[^>]*?href="([^"]+)"', text):
            link = urllib.parse.urljoin(base, html.unescape(link))
            name = urllib.parse.unquote(urllib.parse.urlsplit(link).path.rsplit("/", 1)[-1])
            if name == archive:
                return urllib.parse.urldefrag(link).url
        trouble = f"the package index does not list {archive}"
    raise Failure(trouble or f"{archive} is in no configured folder and pip is told to use no index")


def check_index():
    """Fail in one line where no index answers; an index that answers with an error has answered."""
    for index in index_addresses():
        try:
            open_address(index.rstrip("/") + "/pip/").close()
        except urllib.error.HTTPError:
            pass
        except (OSError, ValueError) as error:
            raise Failure(f"no network: the package index could not be reached ({error})") from error


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def download(archive, into):
    """Download ARCHIVE into the folder INTO with a line of progress about every two seconds."""
    address = address_of(archive)
    path = into / archive
    with open_address(address) as answer, open(path, "wb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        done, said = 0, time.monotonic()
        while block := answer.read(1 << 18):
            file.write(block)
            done += len(block)
            if time.monotonic() - said > 2 and total:
                said = time.monotonic()
                print(f"   {archive}: {done / 1e6:.0f} of {total / 1e6:.0f} MB", flush=True)
        if total and done != total:
            raise Failure(f"{archive}: expected {total} bytes, got {done} (connection closed early)")
    return path


def unpack(path, member, folder):
    """Unpack MEMBER (a file, or a folder ending in "/") below FOLDER and return where it then lies."""
    wanted = (lambda name: name.startswith(member)) if member.endswith("/") else (lambda name: name == member)
    found = False
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if wanted(name) and not name.endswith("/"):
                    archive.extract(name, folder)
                    found = True
    else:
        with tarfile.open(path) as archive:
            for entry in archive:
                if not wanted(entry.name) or not entry.isfile():
                    continue
                if entry.name.startswith("/") or ".." in entry.name.split("/"):
                    raise Failure(f"{path.name}: refusing the path {entry.name}")
                archive.extract(entry, folder, set_attrs=False)
                found = True
    if not found:
        raise Failure(f"{path.name}: expected {member} inside, got nothing of that name")
    return folder / member


def fetch(archive, sha256, target, members):
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target) as temporary:
        temporary = pathlib.Path(temporary)
        path = next((p for p in local_candidates(archive) if sha256_of(p) == sha256), None)
        if path is None:
            path = download(archive, temporary)
            got = sha256_of(path)
            if got != sha256:
                raise Failure(f"{archive}: expected sha256 {sha256}, got {got}")
        for number, request in enumerate(members):
            member, _, name = request.partition("=")
            source = unpack(path, member, temporary / str(number))
            for piece in source.iterdir() if not name else [source]:
                destination = target / (name or piece.name)
                if destination.is_dir():
                    shutil.rmtree(destination)
                os.replace(piece, destination)


def main(arguments):
    check_only = arguments == ["--check"]
    if not check_only and len(arguments) < 4:
        print(__doc__.strip().splitlines()[2].strip(), file=sys.stderr)
        return 2
    try:
        if check_only:
            check_index()
            return 0
        fetch(arguments[0], arguments[1], pathlib.Path(arguments[2]), arguments[3:])
    except Failure as failure:
        print(f"attnscope: {failure}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"attnscope: {arguments[0]}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
