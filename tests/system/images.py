#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# images.py DIR BYTES ARCHITECTURE…: an OCI layout with one image, tag v1, an index if there are several
# architectures; each with a layer of its own and one that all share, of so many bytes that do not compress.
import gzip, hashlib, json, os, sys

root, size, architectures = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
os.makedirs(root + "/blobs/sha256")


def blob(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    with open(root + "/blobs/sha256/" + digest, "wb") as out:
        out.write(data)
    return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest, "size": len(data)}


def document(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def noise(seed):
    return hashlib.shake_256(seed.encode()).digest(size)


def layer(seed):
    plain = noise(seed)
    return blob(gzip.compress(plain, 0, mtime=0), "layer.v1.tar+gzip"), "sha256:" + hashlib.sha256(plain).hexdigest()


def image(architecture):
    layers = [layer("shared"), layer(architecture)]
    config = blob(document({"architecture": architecture, "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [item[1] for item in layers]}}), "config.v1+json")
    manifest = blob(document({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [item[0] for item in layers]}), "manifest.v1+json")
    manifest["platform"] = {"os": "linux", "architecture": architecture}
    return manifest


entries = [image(architecture) for architecture in architectures]
entry = entries[0]
if len(entries) > 1:
    entry = blob(document({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries}), "index.v1+json")
entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
with open(root + "/index.json", "wb") as out:
    out.write(document({"schemaVersion": 2, "manifests": [entry]}))
with open(root + "/oci-layout", "w") as out:
    out.write('{"imageLayoutVersion":"1.0.0"}')
print(entry["digest"])
