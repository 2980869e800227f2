"""An attacker who hands on a bundle: takes an honest one and makes hostile ones of it, each into
a file of its own. Prints one name a line; the first is honest.

Arguments: the honest bundle, a directory for the others, a directory that must stay as it is.
"""

import os
import struct
import sys
import tarfile
import zlib

honest, into, outside = sys.argv[1:4]
BLOCK = 1 << 20
PAINT = "\x1b[2J\x1b]0;owned\x07\u202eDESSAP\u202c\x9b31mPASSED"

with tarfile.open(honest) as archive:
    FILES = [(one, archive.extractfile(one).read()) for one in archive if one.isfile()]
TOP = FILES[0][0].name.split("/")[0]


def member(name, size=0, **fields):
    one = tarfile.TarInfo(name)
    one.size = size
    for field, value in fields.items():
        setattr(one, field, value)
    return one


def block(content):
    """A gzip member as bundles have them: the extra field holds its length and checksum."""
    packer = zlib.compressobj(5, zlib.DEFLATED, -15)
    deflated = packer.compress(content) + packer.flush()
    head = bytes([0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 255, 12, 0]) + b"GB" + bytes([8, 0])
    head += struct.pack("<II", len(deflated) + 32, zlib.crc32(deflated))
    return head + deflated + struct.pack("<II", zlib.crc32(content), len(content))


def write(name, files):
    whole = b"".join(one.tobuf(tarfile.USTAR_FORMAT) + padded(text) for one, text in files)
    whole += bytes(1024)
    with open(os.path.join(into, name + ".tar.gz"), "wb") as archive:
        for start in range(0, len(whole), BLOCK):
            archive.write(block(whole[start : start + BLOCK]))
    print(name, flush=True)


def padded(text):
    text = text or b""
    return text + bytes(-len(text) % 512)


def changed(suffix, change):
    """The honest files, one of them with another content."""
    files = []
    for one, text in FILES:
        if one.name.endswith(suffix):
            text = change(text)
            one = like(one, len(text))
        files.append((one, text))
    return files


def like(other, size):
    one = tarfile.TarInfo.frombuf(other.tobuf(tarfile.USTAR_FORMAT), "utf-8", "surrogateescape")
    one.size = size
    return one


def more(*added):
    return [*FILES, *added]


write("honest", FILES)
write("above", more((member("../pwned", 1), b"x"), (member(f"{TOP}/../../pwned", 1), b"x")))
write("absolute", more((member(f"{outside}/pwned", 1), b"x")))
link = member(f"{TOP}/data/link", type=tarfile.SYMTYPE, linkname=outside)
write("link", more((link, None), (member(f"{TOP}/data/link/pwned", 1), b"x")))
hard = member(f"{TOP}/data/hard", type=tarfile.LNKTYPE, linkname=f"{outside}/kept")
write("hard-link", more((hard, None)))
write("pipe", more((member(f"{TOP}/data/pipe", type=tarfile.FIFOTYPE), None)))
write("twice", more((member(f"{TOP}/data/journal.jsonl", 1), b"x")))
write("painted-name", more((member(f"{TOP}/data/{PAINT}", 1), b"x")))
paint = PAINT.encode()
write("painted-report", changed("reports/report.md", lambda _: paint))
write("painted-gate", changed("data/gate.toml", lambda text: paint + b"\n" + text))
write("painted-manifest", changed("manifest.json", lambda text: text.replace(b"passed", paint)))
write("painted-journal", changed("journal.jsonl", lambda text: text.replace(b"passed", paint)))
write("other-verdict", changed("journal.jsonl", lambda text: text.replace(b"passed", b"failed")))
write("cut", changed("journal.jsonl", lambda text: b"\n".join(text.split(b"\n")[:-2]) + b"\n"))

with open(os.path.join(into, "bomb.tar.gz"), "wb") as archive:
    head = member(f"{TOP}/data/journal.jsonl", 3 << 30).tobuf(tarfile.USTAR_FORMAT)
    archive.write(block(head + bytes(BLOCK - len(head))))
    archive.write(block(bytes(BLOCK)) * (3 << 10))
print("bomb", flush=True)
