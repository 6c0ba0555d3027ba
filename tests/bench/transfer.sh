#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Push and pull of an image of 500 MB, beside skopeo, with a registry on the loopback: rows for run.sh.
# The image is the same on every machine: AES-CTR of nothing in gzip members that store, so that nobody
# can gain by compressing. TRANSFER_MEGABYTES=500 by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
megabytes=${TRANSFER_MEGABYTES:-500}
tmp=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
server=
stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$tmp"
}
trap stop EXIT
row() { printf '%-58s %10s   %s\n' "$@"; }
for program in docker-registry skopeo python3 /usr/bin/time; do
	command -v "$program" >/dev/null || {
		row "push and pull of $megabytes MB" "-" "not measured: $program is missing (make deps)"
		exit 0
	}
done

make_image() { # DIR: five layers of different sizes
	python3 - "$1" "$megabytes" <<-'PYTHON'
		import gzip, hashlib, json, os, subprocess, sys
		root, megabytes = sys.argv[1], int(sys.argv[2])
		os.makedirs(root + "/blobs/sha256")
		def blob(data, kind):
		    digest = hashlib.sha256(data).hexdigest()
		    open(root + "/blobs/sha256/" + digest, "wb").write(data)
		    return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest, "size": len(data)}
		def document(value):
		    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
		layers, ids = [], []
		for number, percent in enumerate((40, 25, 20, 10, 5)):
		    size = megabytes * 10000 * percent
		    plain = subprocess.run(["openssl", "enc", "-aes-128-ctr", "-nosalt", "-K", "%032x" % number, "-iv", "0" * 32],
		        input=bytes(size), stdout=subprocess.PIPE, check=True).stdout
		    ids.append("sha256:" + hashlib.sha256(plain).hexdigest())
		    layers.append(blob(gzip.compress(plain, 0, mtime=0), "layer.v1.tar+gzip"))
		config = blob(document({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ids}}), "config.v1+json")
		manifest = blob(document({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		    "config": config, "layers": layers}), "manifest.v1+json")
		manifest["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
		open(root + "/index.json", "wb").write(document({"schemaVersion": 2, "manifests": [manifest]}))
		open(root + "/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
	PYTHON
}

start_registry() {
	local port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	registry=127.0.0.1:$port
	printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' \
		"$tmp/registry" "$registry" >"$tmp/registry.yml"
	docker-registry serve "$tmp/registry.yml" >"$tmp/registry.log" 2>&1 &
	server=$!
	for _ in $(seq 50); do
		curl -s -o /dev/null "http://$registry/v2/" && return
		sleep 0.1
	done
	cat "$tmp/registry.log" >&2
	return 1
}

# Each run begins with nothing at the other end. Five times, in turn, since the disk has good and bad moments.
measure() { # NAME COMMAND…: appends seconds and kB to $tmp/NAME
	local name=$1
	shift
	/usr/bin/time -f '%e %M' -a -o "$tmp/$name" "$@" >/dev/null 2>"$tmp/said" || { cat "$tmp/said" >&2; return 1; }
}
median() { cut -d' ' -f1 "$tmp/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
peak() { cut -d' ' -f2 "$tmp/$1" | sort -n | tail -n 1; }
report() { # push|pull
	local ours theirs
	ours=$(median "ours-$1") theirs=$(median "skopeo-$1")
	row "skopeo $1 of $megabytes MB, registry on the loopback" "$theirs" "$(peak "skopeo-$1") kB peak memory"
	row "alnage $1 of the same" "$ours" "$(awk -v a="$ours" -v b="$theirs" -v m="$megabytes" \
		'BEGIN { printf "%.2f x skopeo (target at most 1), %.0f MB/s", a / b, m / a }'), $(peak "ours-$1") kB peak memory (target 32768)"
}

make_image "$tmp/image"
start_registry
for _ in 1 2 3 4 5; do
	rm -rf "$tmp/registry"
	measure ours-push "$build/alnage" push --quiet "oci:$tmp/image:v1" "$registry/ours:v1"
	rm -rf "$tmp/registry"
	measure skopeo-push skopeo copy -q --dest-tls-verify=false "oci:$tmp/image:v1" "docker://$registry/theirs:v1"
	rm -rf "$tmp/pulled"
	measure ours-pull "$build/alnage" pull --quiet "$registry/theirs:v1" "oci:$tmp/pulled:v1"
	rm -rf "$tmp/pulled"
	measure skopeo-pull skopeo copy -q --src-tls-verify=false "docker://$registry/theirs:v1" "oci:$tmp/pulled:v1"
	rm -rf "$tmp/pulled"
done
report push
report pull
