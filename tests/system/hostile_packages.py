# SPDX-License-Identifier: Apache-2.0
"""A repository with one package that is not what it should be, all checksums and signatures right:
hostile_packages.py FOLDER KEY CASE OUTSIDE. Prints the cases without arguments."""
import base64, gzip, hashlib, io, os, subprocess, sys, tarfile

DIRECTORY, FILE = tarfile.DIRTYPE, tarfile.REGTYPE
# case: (what the index and .PKGINFO call the package, entries (path, type, target)); %s is the folder outside
CASES = {
    "good": ("evil", [("usr", DIRECTORY, ""), ("usr/escaped", FILE, "")]),
    "parent": ("evil", [("../escaped", FILE, "")]),
    "absolute": ("evil", [("%s/escaped", FILE, "")]),
    "middle": ("evil", [("usr", DIRECTORY, ""), ("usr/../../escaped", FILE, "")]),
    "control": ("evil", [("usr", DIRECTORY, ""), ("usr/esc\naped", FILE, "")]),
    "whiteout": ("evil", [("usr", DIRECTORY, ""), ("usr/.wh.escaped", FILE, "")]),
    "dot": ("evil", [(".escaped", FILE, "")]),
    "symlink": ("evil", [("out", tarfile.SYMTYPE, "%s"), ("out/escaped", FILE, "")]),
    "hardlink": ("evil", [("escaped", tarfile.LNKTYPE, "../../../../etc/passwd")]),
    "dangling": ("evil", [("escaped", tarfile.LNKTYPE, "usr/nothing")]),
    "device": ("evil", [("escaped", tarfile.CHRTYPE, "")]),
    "fifo": ("evil", [("escaped", tarfile.FIFOTYPE, "")]),
    "twice": ("evil", [("escaped", FILE, ""), ("escaped", FILE, "")]),
    "mount": ("evil", [("dev", tarfile.SYMTYPE, "%s")]),
    "setid": ("evil", [("usr", DIRECTORY, ""), ("usr/set", FILE, "")]),
    "applets": ("evil", [("bin/busybox", FILE, ""), ("etc/busybox-paths.d/evil", FILE, "")]),
    "huge": ("evil", [("usr", DIRECTORY, ""), ("usr/small", FILE, "")]),
    "name-slash": ("a/escaped", [("escaped", FILE, "")]),
    "name-parent": ("../escaped", [("escaped", FILE, "")]),
    "name-control": ("esc\x01aped", [("escaped", FILE, "")]),
    "name-dots": ("..", [("escaped", FILE, "")]),
}


def archive(entries, end):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, kind, target, content in entries:
            info = tarfile.TarInfo(path)
            info.type, info.linkname, info.size = kind, target, len(content)
            info.mode = 0o755 if kind == DIRECTORY else 0o6755 if path == "usr/set" else 0o644
            tar.addfile(info, io.BytesIO(content))
        size = tar.offset
    data = out.getvalue()
    return gzip.compress(data if end else data[:size], mtime=0)


def content(path):
    return b"bin/../../../../escaped\n" if "busybox-paths.d" in path else b"x"


def main(folder, key, case, outside):
    name, entries = CASES[case]
    fill = lambda text: text.replace("%s", outside)
    data = archive([(fill(p), k, fill(t), content(p) if k == FILE else b"") for p, k, t in entries], True)
    info = "pkgname = %s\npkgver = 1-r0\narch = x86_64\nsize = 1\ndatahash = %s\n" % (
        name, hashlib.sha256(data).hexdigest())
    control = archive([(".PKGINFO", FILE, "", info.encode())], False)
    checksum = base64.b64encode(hashlib.sha1(control).digest()).decode()
    index = "C:Q1%s\nP:%s\nV:1-r0\nA:x86_64\nS:%d\nI:%d\nT:t\n\n" % (
        checksum, name, len(control + data), 1 << 60 if case == "huge" else 1)
    index = archive([("APKINDEX", FILE, "", index.encode())], True)
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=index,
                               stdout=subprocess.PIPE, check=True).stdout
    index = archive([(".SIGN.RSA256.package.rsa.pub", FILE, "", signature)], False) + index
    os.makedirs(folder + "/x86_64", exist_ok=True)
    with open(folder + "/x86_64/APKINDEX.tar.gz", "wb") as file:
        file.write(index)
    with open(folder + "/x86_64/evil-1-r0.apk", "wb") as file:
        file.write(control + data)


if len(sys.argv) == 1:
    print("\n".join(CASES))
else:
    main(*sys.argv[1:])
