# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For system tests that need some image, and no build: tiny_layout FOLDER makes a layout with one
# image of one file under the tag t, tiny_index FOLDER one with an index of two. Both print the digest.

tiny_blob() { # FOLDER FILE: stores it; prints digest and size as JSON members
	local digest
	digest=$(sha256sum "$2" | cut -d' ' -f1)
	cp "$2" "$1/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%d' "$digest" "$(stat -c %s "$2")"
}
tiny_manifest() { # FOLDER TEXT: writes FOLDER.work/manifest
	local work=$1.work
	mkdir -p "$work/root" "$1/blobs/sha256"
	echo "$2" >"$work/root/file"
	tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=0755 -C "$work/root" -cf "$work/layer" .
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$(sha256sum "$work/layer" | cut -d' ' -f1)" >"$work/config"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",%s}]}' \
		"$(tiny_blob "$1" "$work/config")" "$(tiny_blob "$1" "$work/layer")" >"$work/manifest"
}
tiny_tag() { # FOLDER KIND FILE
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.%s.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}' \
		"$2" "$(tiny_blob "$1" "$3")" >"$1/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	echo "sha256:$(sha256sum "$3" | cut -d' ' -f1)"
}
tiny_layout() { # FOLDER [TEXT]
	rm -rf "$1" "$1.work"
	tiny_manifest "$1" "${2:-hello}"
	tiny_tag "$1" manifest "$1.work/manifest"
}
tiny_index() { # FOLDER
	rm -rf "$1" "$1.work"
	tiny_manifest "$1" one
	local one
	one=$(tiny_blob "$1" "$1.work/manifest")
	tiny_manifest "$1" two
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"platform":{"architecture":"amd64","os":"linux"}},{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"platform":{"architecture":"arm64","os":"linux"}}]}' \
		"$one" "$(tiny_blob "$1" "$1.work/manifest")" >"$1.work/index"
	tiny_tag "$1" index "$1.work/index"
}
