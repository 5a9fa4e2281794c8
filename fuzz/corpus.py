#!/usr/bin/env python3
"""The kept inputs of the fuzz targets: one file per target in fuzz/corpus, one base64 line per input.

corpus.py unpack TARGET FOLDER   writes the kept inputs as files, for libFuzzer
corpus.py keep BINARIES FOUND    merges what was found (FOUND/TARGET/*) into fuzz/corpus: the smallest inputs with
                                 the same coverage, at most 400 per target
"""
import base64
import hashlib
import pathlib
import subprocess
import sys
import tempfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
KEPT_MAX = 400


def kept(target):
    """The kept inputs of a target."""
    path = CORPUS / f"{target}.txt"
    if not path.exists():
        return []
    return [base64.b64decode(line) for line in path.read_text().splitlines() if line]


def unpack(target, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for data in kept(target):
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def keep(binaries, found):
    CORPUS.mkdir(exist_ok=True)
    for folder in sorted(pathlib.Path(found).iterdir()):
        binary = pathlib.Path(binaries) / folder.name
        if not binary.exists():
            continue
        unpack(folder.name, folder)
        with tempfile.TemporaryDirectory() as least:
            command = [binary, "-merge=1", "-max_len=1024", least, folder]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            inputs = sorted((path.read_bytes() for path in pathlib.Path(least).iterdir()), key=lambda b: (len(b), b))
        if len(inputs) > KEPT_MAX:
            step = len(inputs) / KEPT_MAX
            inputs = [inputs[int(n * step)] for n in range(KEPT_MAX)]
        lines = "".join(base64.b64encode(data).decode() + "\n" for data in inputs if data)
        (CORPUS / f"{folder.name}.txt").write_text(lines)
        print(f"{folder.name}: {len(inputs)} inputs kept")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["unpack", target, folder]:
            unpack(target, folder)
        case ["keep", binaries, found]:
            keep(binaries, found)
        case _:
            sys.exit(__doc__)
