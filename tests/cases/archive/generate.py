#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the cases beside it: good/*.tar* are accepted, bad/*.tar* are refused with the
text in *.expect. Headers are made by hand, because no tar program writes most of them."""
import bz2
import gzip
import lzma
import pathlib

HERE = pathlib.Path(__file__).parent
END = bytes(1024)


def octal(value, width):
    return (b"%0*o" % (width - 1, value)) + b"\0"


def header(name, type=b"0", size=0, link=b"", mode=0o644, magic=b"ustar\00000", prefix=b"",
           uid=None, mtime=None, size_field=None, checksum=None, uname=b"root"):
    block = bytearray(512)

    def put(at, data):
        block[at:at + len(data)] = data

    put(0, name)
    put(100, octal(mode, 8))
    put(108, uid if uid is not None else octal(0, 8))
    put(116, octal(0, 8))
    put(124, size_field if size_field is not None else octal(size, 12))
    put(136, mtime if mtime is not None else octal(0, 12))
    put(148, b" " * 8)
    put(156, type)
    put(157, link)
    put(257, magic)
    put(265, uname)
    put(345, prefix)
    put(148, checksum if checksum is not None else octal(sum(block), 7) + b" ")
    return bytes(block)


def pad(data):
    return data + bytes(-len(data) % 512)


def file(name, data=b"content\n", **more):
    return header(name, size=len(data), **more) + pad(data)


def record(key, value):
    rest = len(key) + len(value) + 3
    length = rest + 1
    while rest + len(str(length)) != length:
        length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def pax(*records, type=b"x"):
    body = b"".join(r if isinstance(r, bytes) else record(*r) for r in records)
    return header(b"PaxHeaders/x", type=type, size=len(body)) + pad(body)


def gnu(type, name):
    return header(b"././@LongLink", type=type, size=len(name), magic=b"ustar  \0") + pad(name)


def directory(name, **more):
    return header(name, type=b"5", mode=0o755, **more)


def symlink(name, target):
    return header(name, type=b"2", link=target)


def hardlink(name, target, **more):
    return header(name, type=b"1", link=target, **more)


LONG = b"/".join([b"d" * 60] * 4)
TREE = (directory(b"./") + directory(b"./usr/") + file(b"./usr/a") + symlink(b"usr/l", b"../../x") +
        hardlink(b"usr/h", b"./usr/a") + file(b"usr/empty", b""))

good = {
    "tree": TREE + END,
    "tree-padded": (TREE + END).ljust(10240, b"\0"),
    "empty": END,
    "implied-directories": file(b"a/b/c") + directory(b"a/b") + directory(b"a/b/") + END,
    "prefix": file(b"name", prefix=b"some/prefix") + END,
    "v7": file(b"old", magic=b"\0" * 8) + header(b"dir/", magic=b"\0" * 8) + END,
    "gnu-long": gnu(b"L", LONG + b"\0") + file(b"cut", magic=b"ustar  \0") +
    gnu(b"K", LONG + b"\0") + symlink(b"l", b"cut") + END,
    "gnu-both": gnu(b"K", LONG + b"\0") + gnu(b"L", LONG + b"x\0") + symlink(b"c", b"c") + END,
    "pax-path": pax((b"path", LONG + b"/\xc3\xa4"), (b"mtime", b"1700000000.25"),
                    (b"atime", b"1"), (b"SCHILY.fflags", b"x")) + file(b"cut") + END,
    "pax-size": pax((b"size", b"8")) + file(b"x") + END,
    "pax-xattr": pax((b"SCHILY.xattr.user.a", b"1\0002"),
                     (b"LIBARCHIVE.xattr.user.a", b"MQAy"),
                     (b"LIBARCHIVE.xattr.user%2eb", b"Yg")) + file(b"x") + END,
    "git-archive": pax((b"comment", b"0123456789"), type=b"g") + file(b"p/x") + END,
    "base-256": file(b"x", uid=b"\x80" + bytes(3) + b"\x00\x20\x00\x00",
                     mtime=b"\xff" * 11 + b"\xfe") + END,
    "spaces": file(b"x", size_field=b"         10 ") + END,
}
bad = {
    "dot-dot": (file(b"../x") + END, '".."'),
    "dot-dot-inside": (file(b"a/../../x") + END, '".."'),
    "dot-inside": (file(b"a/./x") + END, '"."'),
    "absolute": (file(b"/etc/passwd") + END, "an absolute path"),
    "empty-component": (file(b"a//x") + END, "an empty component"),
    "double-dot-slash": (file(b"././x") + END, '"."'),
    "empty-name": (file(b"") + END, "an empty path"),
    "file-slash": (file(b"a/") + END, "ends in a slash"),
    "root-file": (file(b".") + END, "the root is no directory"),
    "directory-two-slashes": (directory(b"a//") + END, "slash"),
    "control": (file(b"a\x1b[2J") + END, "control characters"),
    "newline": (file(b"a\nb") + END, "control characters"),
    "utf8": (file(b"a\xff") + END, "not UTF-8"),
    "nul-in-pax": (pax((b"path", b"a\0b")) + file(b"x") + END, "NUL"),
    "long-name": (pax((b"path", b"x" * 256)) + file(b"x") + END, "more than 255 bytes"),
    "long-path": (pax((b"path", b"/".join([b"x" * 200] * 21))) + file(b"x") + END,
                  "more than 4095 bytes"),
    "deep": (pax((b"path", b"/".join([b"d"] * 129))) + file(b"x") + END,
             "more than 128 components"),
    "device": (header(b"null", type=b"3") + END, "a device node"),
    "block-device": (header(b"sda", type=b"4") + END, "a device node"),
    "fifo": (header(b"p", type=b"6") + END, "a fifo"),
    "contiguous": (file(b"x", type=b"7") + END, "unknown type 0x37"),
    "sparse-gnu": (file(b"x", type=b"S", magic=b"ustar  \0") + END, "a sparse file"),
    "sparse-in-file": (file(b"x", magic=b"ustar  \0", prefix=bytes(41) + octal(0, 12) +
                            octal(4, 12)) + END, "a sparse file"),
    "extension-number": (header(b"p", type=b"g", mtime=b"00000000abc\0") + file(b"x") + END,
                         "is not a number"),
    "sparse-pax": (pax((b"GNU.sparse.major", b"1")) + file(b"x") + END, "a sparse file"),
    "size-negative": (header(b"x", size_field=b"\xff" * 12) + END, "negative"),
    "size-overflow": (header(b"x", size_field=b"\x80" + b"\xff" * 11) + END, "overflows"),
    "size-huge": (header(b"x", size_field=b"77777777777\0") * 3 + END, "truncated"),
    "size-beyond": (header(b"x", size_field=b"\x80" + bytes(5) + b"\x01" + bytes(5)) + END,
                    "bytes of content"),
    "size-letters": (header(b"x", size_field=b"0000000001x\0") + END, "is not a number"),
    "hardlink-outside": (hardlink(b"x", b"../y") + END, '".."'),
    "hardlink-absolute": (hardlink(b"x", b"/etc/passwd") + END, "an absolute path"),
    "hardlink-missing": (hardlink(b"x", b"y") + file(b"y") + END, "no regular file before it"),
    "hardlink-symlink": (symlink(b"s", b"/etc/passwd") + hardlink(b"x", b"s") + END,
                         "no regular file before it"),
    "hardlink-directory": (directory(b"d") + hardlink(b"x", b"d") + END,
                           "no regular file before it"),
    "hardlink-itself": (file(b"x") + hardlink(b"x", b"x") + END, "no regular file before it"),
    "hardlink-content": (hardlink(b"x", b"y", size=8) + pad(b"content\n") + END,
                         "a link or directory with content"),
    "hardlink-no-target": (hardlink(b"x", b"") + END, "a link without a target"),
    "symlink-no-target": (symlink(b"x", b"") + END, "a link without a target"),
    "symlink-control": (symlink(b"x", b"a\x07") + END, "control characters"),
    "file-with-target": (file(b"x", link=b"y") + END, "a link target without a link"),
    "duplicate": (file(b"x") + file(b"./x") + END, "a second entry with this name"),
    "duplicate-symlink": (symlink(b"x", b"/etc") + file(b"x") + END, "a second entry"),
    "directory-then-symlink": (directory(b"d") + symlink(b"d", b"/etc") + END, "a second entry"),
    "implied-then-symlink": (file(b"d/x") + symlink(b"d", b"/etc") + END, "a second entry"),
    "through-symlink": (symlink(b"d", b"/etc") + file(b"d/passwd") + END,
                        'below "d", which is no directory'),
    "through-symlink-deep": (symlink(b"d", b"/etc") + file(b"d/e/f/passwd") + END,
                             'below "d", which is no directory'),
    "through-file": (file(b"d") + file(b"d/x") + END, 'below "d", which is no directory'),
    "pax-size-differs": (pax((b"size", b"1536")) + file(b"x") + file(b"hidden") + END,
                         "the pax header says 1536 bytes, the ustar header 8"),
    "pax-size-hides": (pax((b"size", b"0")) + file(b"x", file(b"hidden")) + END,
                       "the pax header says 0 bytes"),
    "pax-twice": (pax((b"path", b"a")) + pax((b"path", b"b")) + file(b"x") + END, "repeated"),
    "pax-key-twice": (pax((b"path", b"a"), (b"path", b"b")) + file(b"x") + END, '"path" twice'),
    "pax-vendor-key-twice": (pax((b"SCHILY.fflags", b"a"), (b"SCHILY.fflags", b"a")) +
                             file(b"x") + END, '"SCHILY.fflags" twice'),
    "pax-gnu": (pax((b"path", b"a")) + gnu(b"L", b"b\0") + file(b"x") + END, "mixed"),
    "gnu-pax": (gnu(b"L", b"b\0") + pax((b"path", b"a")) + file(b"x") + END, "mixed"),
    "gnu-twice": (gnu(b"L", b"a\0") + gnu(b"L", b"b\0") + file(b"x") + END, "twice"),
    "gnu-no-nul": (gnu(b"L", b"abc") + file(b"x") + END, "malformed GNU long name"),
    "gnu-inner-nul": (gnu(b"L", b"a\0bc\0") + file(b"x") + END, "NUL"),
    "global-path": (pax((b"path", b"a"), type=b"g") + file(b"x") + END, "a global pax header"),
    "global-size": (pax((b"size", b"0"), type=b"g") + file(b"x") + END, "a global pax header"),
    "pax-then-global": (pax((b"path", b"a")) + pax((b"comment", b"a"), type=b"g") + file(b"x") +
                        END, "in the middle"),
    "pax-empty-path": (pax((b"path", b"")) + file(b"x") + END, "is empty"),
    "pax-length-short": (pax(b"9 path=abc\n") + file(b"x") + END, "malformed pax record"),
    "pax-length-long": (pax(b"99 path=abc\n") + file(b"x") + END, "malformed pax record"),
    "pax-length-zero": (pax(b"012 path=ab\n") + file(b"x") + END, "malformed pax record"),
    "pax-length-huge": (pax(b"99999999999999999999 a=b\n") + file(b"x") + END, "malformed"),
    "pax-no-equals": (pax(b"11 pathabc\n") + file(b"x") + END, "malformed pax record"),
    "pax-no-newline": (pax(b"12 path=abcx") + file(b"x") + END, "malformed pax record"),
    "pax-no-key": (pax(b"8 =abcd\n") + file(b"x") + END, "malformed pax record"),
    "pax-unknown": (pax((b"pathh", b"a")) + file(b"x") + END, '"pathh" is not known'),
    "pax-binary-names": (pax((b"hdrcharset", b"BINARY")) + file(b"x") + END, "not known"),
    "pax-bad-uid": (pax((b"uid", b"4294967296")) + file(b"x") + END, 'pax record "uid"'),
    "pax-bad-mtime": (pax((b"mtime", b"1e9")) + file(b"x") + END, 'pax record "mtime"'),
    "pax-at-end": (pax((b"path", b"a")) + END, "truncated"),
    "pax-huge": (header(b"p", type=b"x", size=1 << 20) + bytes(1 << 14) + END,
                 "an extended header of more than"),
    "xattr-differs": (pax((b"SCHILY.xattr.user.a", b"1"), (b"LIBARCHIVE.xattr.user.a", b"Yg")) +
                      file(b"x") + END, "twice"),
    "xattr-name": (pax((b"SCHILY.xattr.", b"1")) + file(b"x") + END, "a bad name"),
    "xattr-big": (pax((b"SCHILY.xattr.user.a", b"1" * 65537)) + file(b"x") + END,
                  "extended attributes of more than"),
    "checksum": (file(b"x", checksum=b"000001\0 ") + END, "its checksum is wrong"),
    "not-tar": (b"This is no tar archive." * 100, "a tar header"),
    "magic": (file(b"x", magic=b"ustar\0xx") + END, "of a kind we know"),
    "after-end": (file(b"x") + END + file(b"y") + END, "data after the end"),
    "after-end-byte": (file(b"x") + END + b"x", "data after the end"),
    "lone-zero-block": (file(b"x") + bytes(512) + file(b"y") + END, "data after the end"),
    "half-end": (file(b"x") + bytes(512), "truncated"),
    "no-end": (file(b"x"), "truncated"),
    "no-bytes": (b"", "truncated"),
    "cut-content": (file(b"x", b"y" * 600)[:1024], "truncated"),
    "cut-padding": (file(b"x")[:520], "truncated"),
    "cut-header": (file(b"x")[:100], "truncated"),
    "owner": (file(b"x", uname=b"ro\x1bot") + END, "owner: control characters"),
}


def main():
    for folder in ("good", "bad"):
        for old in (HERE / folder).iterdir():
            old.unlink()
    for name, data in good.items():
        (HERE / "good" / f"{name}.tar").write_bytes(data)
    plain = good["tree"]
    packers = {"gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress,
               "xz": lzma.compress}
    damaged = {"gz": "bad gzip data", "bz2": "bad compressed data", "xz": "bad compressed data"}
    garbage = {"gz": "garbage after", "bz2": "garbage after", "xz": "bad compressed data"}
    truncated = {"gz": "truncated", "bz2": "truncated", "xz": "bad compressed data"}
    for suffix, pack in packers.items():
        data = pack(plain)
        (HERE / "good" / f"tree.tar.{suffix}").write_bytes(data)
        (HERE / "good" / f"two-members.tar.{suffix}").write_bytes(
            pack(plain[:700]) + pack(plain[700:]))
        bad[f"garbage-{suffix}"] = (data + b"garbage", garbage[suffix], suffix)
        bad[f"truncated-{suffix}"] = (data[:-9], truncated[suffix], suffix)
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 0x40
        bad[f"damaged-{suffix}"] = (bytes(flipped), damaged[suffix], suffix)
    bad["twice-xz"] = (lzma.compress(lzma.compress(plain)), "compressed twice", "xz")
    bad["twice-bz2"] = (bz2.compress(bz2.compress(plain)), "compressed twice", "bz2")
    for name, (data, expect, *suffix) in bad.items():
        path = HERE / "bad" / (f"{name}.tar" + (f".{suffix[0]}" if suffix else ""))
        path.write_bytes(data)
        path.with_name(path.name + ".expect").write_text(expect + "\n")


main()
