"""Makes wheels of Debian's Flask and gunicorn, and of what they need, in a folder: what a mirror of PyPI would have."""
import base64
import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile


def files(name):
    listed = subprocess.run(["dpkg", "-L", "python3-" + name], check=True, capture_output=True, text=True).stdout
    root = "/usr/lib/python3/dist-packages/"
    for path in listed.splitlines():
        if path.startswith(root) and os.path.isfile(path) and not re.search(r"\.(egg|dist)-info", path):
            yield path[len(root):], open(path, "rb").read()


def needs(name):
    """What is needed without any extra, which Debian leaves out of what it installs."""
    known = {"flask": ["blinker", "click", "itsdangerous", "jinja2", "werkzeug"], "jinja2": ["markupsafe"],
             "werkzeug": ["markupsafe"], "gunicorn": ["packaging"]}
    there = {dist.metadata["Name"].lower() for dist in importlib.metadata.distributions()}
    return [need for need in known.get(name, []) if need in there]


def wheel(name, folder):
    dist = importlib.metadata.distribution(name)
    base = f"{re.sub('[-.]', '_', dist.metadata['Name'])}-{dist.version}"
    meta = "Metadata-Version: 2.1\n" + f"Name: {dist.metadata['Name']}\nVersion: {dist.version}\n"
    meta += "".join(f"Requires-Dist: {r}\n" for r in needs(name))
    scripts = "".join(f"{e.name} = {e.value}\n" for e in dist.entry_points if e.group == "console_scripts")
    content = dict(files(name))
    content |= {f"{base}.dist-info/METADATA": meta.encode(),
                f"{base}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                f"{base}.dist-info/entry_points.txt": ("[console_scripts]\n" + scripts).encode()}
    record = f"{base}.dist-info/RECORD,,\n"
    for path, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    with zipfile.ZipFile(f"{folder}/{base}-py3-none-any.whl", "w") as z:
        for path, data in (content | {f"{base}.dist-info/RECORD": record.encode()}).items():
            z.writestr(path, data)


def main(folder):
    os.makedirs(folder)
    wanted, made = ["flask", "gunicorn"], set()
    while wanted:
        name = wanted.pop()
        if name in made:
            continue
        made.add(name)
        wheel(name, folder)
        wanted += needs(name)


main(sys.argv[1])
