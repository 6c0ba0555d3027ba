# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests: small images as OCI layouts, made without any program of ours. Source it.

layout_blob() { # FILE LAYOUT: into the layout; prints digest and size as JSON members
	local digest
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "$2/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%d' "$digest" "$(stat -c %s "$1")"
}
layout_manifest() { # TEXT ARCHITECTURE LAYOUT FOLDER: FOLDER/manifest
	mkdir -p "$4/root"
	echo "$1 $2" >"$4/root/file"
	tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$4/root" -cf "$4/layer.tar" .
	gzip -nc "$4/layer.tar" >"$4/layer.tar.gz"
	printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$2" "$(sha256sum "$4/layer.tar" | cut -d' ' -f1)" >"$4/config"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",%s}]}' \
		"$(layout_blob "$4/config" "$3")" "$(layout_blob "$4/layer.tar.gz" "$3")" >"$4/manifest"
}
make_layout() { # TEXT single|multi LAYOUT: one image of one file, tag t; sets $digest
	local entries='' type=manifest folder architecture
	folder=$(mktemp -d)
	rm -rf "$3"
	mkdir -p "$3/blobs/sha256"
	layout_manifest "$1" amd64 "$3" "$folder"
	if [ "$2" = multi ]; then
		type=index
		for architecture in amd64 arm64; do
			layout_manifest "$1" $architecture "$3" "$folder"
			entries+=${entries:+,}$(printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"platform":{"architecture":"%s","os":"linux"}}' \
				"$(layout_blob "$folder/manifest" "$3")" $architecture)
		done
		printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$entries" >"$folder/manifest"
	fi
	# shellcheck disable=SC2034 # for those who source this
	digest=sha256:$(sha256sum "$folder/manifest" | cut -d' ' -f1)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.%s.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}' \
		$type "$(layout_blob "$folder/manifest" "$3")" >"$3/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$3/oci-layout"
	rm -rf "$folder"
}
