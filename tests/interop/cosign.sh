#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signatures and attestations both ways between alnage and the real cosign (2.5 of Debian trixie, 3.1 of
# forky), through a registry on the loopback. Exit 77: something needed is not here.
# Needs root (chroot), docker-registry, and suite-tools from the shared data or $ALNAGE_PEERS filled before.
set -euo pipefail

skip() {
	echo "skip: $*"
	exit 77
}

alnage=$PWD/${BUILD:-build}/alnage
shared=${ALNAGE_SHARED:-../shared}
peers=${ALNAGE_PEERS:-/var/tmp/peers}
[ -x "$alnage" ] || skip "no $alnage"
[ "$(id -u)" = 0 ] || skip "needs root for chroot"
command -v docker-registry >/dev/null || skip "no docker-registry"
for suite in trixie forky; do
	[ -x "$peers/root-$suite/usr/bin/cosign" ] && continue
	[ -x "$shared/tools/suite-tools" ] || skip "no suite-tools"
	"$shared/tools/suite-tools" "$suite" "$peers" cosign >/dev/null 2>&1 ||
		skip "cosign of $suite could not be fetched"
done

work=$(mktemp -d)
registry_pid=
inside=alnage-interop-$$ # the folder that cosign sees as /tmp/…
cleanup() {
	[ -z "$registry_pid" ] || kill "$registry_pid" 2>/dev/null || true
	rm -rf "$work" "$peers"/root-{trixie,forky}/tmp/"$inside"
}
trap cleanup EXIT

# ---- the registry ----

port=$((20000 + $$ % 20000))
cat >"$work/registry.yml" <<-END
	version: 0.1
	log: {level: error, accesslog: {disabled: true}}
	storage: {filesystem: {rootdirectory: $work/registry}}
	http: {addr: "127.0.0.1:$port"}
END
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
registry_pid=$!
for _ in $(seq 50); do
	curl -sf "http://127.0.0.1:$port/v2/" >/dev/null && break
	sleep 0.1
done
curl -sf "http://127.0.0.1:$port/v2/" >/dev/null || skip "the registry does not start"

# ---- tools ----

# cosign SUITE arguments…: files are under /tmp/$inside
cosign() {
	local suite=$1
	shift
	env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/bin COSIGN_PASSWORD=pw chroot "$peers/root-$suite" cosign "$@"
}
give() { # FILE…: to both
	for suite in trixie forky; do
		mkdir -p "$peers/root-$suite/tmp/$inside"
		cp "$@" "$peers/root-$suite/tmp/$inside/"
	done
}
fail() {
	echo "FAIL: $*" >&2
	tail -n 20 "$work/out" >&2
	exit 1
}
good() { # NAME command…
	local name=$1
	shift
	"$@" >"$work/out" 2>&1 || fail "$name (exit $?)"
	echo "ok: $name"
}
refused() { # NAME TEXT command…: must fail, and say TEXT
	local name=$1 text=$2 status=0
	shift 2
	"$@" >"$work/out" 2>&1 || status=$?
	[ "$status" -ne 0 ] || fail "$name: was accepted"
	grep -qF -- "$text" "$work/out" || fail "$name: exit $status, but not \"$text\""
	echo "ok: $name"
}

# ---- an image, two predicates, keys ----

blob() { # FILE: into the layout; prints digest and size as JSON members
	local digest
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "$work/layout/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%d' "$digest" "$(stat -c %s "$1")"
}
make_image() { # TEXT NAME: pushes a one-file image
	rm -rf "$work/layout"
	mkdir -p "$work/layout/blobs/sha256" "$work/root"
	echo "$1" >"$work/root/file"
	tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$work/root" -cf "$work/layer.tar" .
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$(sha256sum "$work/layer.tar" | cut -d' ' -f1)" >"$work/config"
	gzip -nc "$work/layer.tar" >"$work/layer.tar.gz"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",%s}]}' \
		"$(blob "$work/config")" "$(blob "$work/layer.tar.gz")" >"$work/manifest"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}' \
		"$(blob "$work/manifest")" >"$work/layout/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
	good "push $2" "$alnage" copy "oci:$work/layout:t" "127.0.0.1:$port/$2:t"
}
echo '{"buildDefinition":{"buildType":"https://example.org/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.org/r"}}}' >"$work/slsa.json"
echo '{"SPDXID":"SPDXRef-DOCUMENT","spdxVersion":"SPDX-2.3","name":"x","dataLicense":"CC0-1.0","documentNamespace":"https://example.org/x","creationInfo":{"created":"2026-01-01T00:00:00Z","creators":["Tool: x"]}}' >"$work/spdx.json"

export ALNAGE_PASSWORD=pw
good "keygen, encrypted" "$alnage" keygen --password "$work/ours.key"
good "keygen, another" "$alnage" keygen "$work/other.key"
mv "$work/ours.key.pub" "$work/ours.pub"
mv "$work/other.key.pub" "$work/other.pub"
give "$work"/{ours.key,ours.pub,other.pub,slsa.json,spdx.json}
for suite in trixie forky; do
	good "cosign $suite makes a key" cosign "$suite" generate-key-pair --output-key-prefix "/tmp/$inside/$suite"
	cp "$peers/root-$suite/tmp/$inside/$suite".{key,pub} "$work/"
	chmod 600 "$work/$suite.key"
	give "$work/$suite".{key,pub}
done

# ---- ours, read by cosign ----

make_image one ours
image=127.0.0.1:$port/ours:t
good "sign" "$alnage" sign --key "$work/ours.key" "$image"
good "attest slsaprovenance1" "$alnage" attest --key "$work/ours.key" --type slsaprovenance1 --predicate "$work/slsa.json" "$image"
good "attest spdxjson" "$alnage" attest --key "$work/ours.key" --type spdxjson --predicate "$work/spdx.json" "$image"
good "verify our own" "$alnage" verify --key "$work/ours.pub" "$image"
refused "verify our own by another key" "foreign key" "$alnage" verify --key "$work/other.pub" "$image"
for suite in trixie forky; do
	good "cosign $suite verify" cosign "$suite" verify --key "/tmp/$inside/ours.pub" --insecure-ignore-tlog=true "$image"
	for type in slsaprovenance1 spdxjson; do
		good "cosign $suite verify-attestation $type" cosign "$suite" verify-attestation \
			--key "/tmp/$inside/ours.pub" --insecure-ignore-tlog=true --type "$type" "$image"
	done
	refused "cosign $suite verify by another key" "no matching " cosign "$suite" verify --key "/tmp/$inside/other.pub" --insecure-ignore-tlog=true "$image"
done

# one after the other in one .sig: nobody's signature is lost
digest=$image@sha256:$(sha256sum "$work/manifest" | cut -d' ' -f1)
good "cosign trixie signs it, too" cosign trixie sign --key "/tmp/$inside/trixie.key" --tlog-upload=false --yes "$digest"
good "alnage signs it again with a third key" "$alnage" sign --key "$work/other.key" "$image"
for key in ours trixie other; do
	good "verify by $key.pub" "$alnage" verify --signature-only --key "$work/$key.pub" "$image"
	good "cosign trixie verify by $key.pub" cosign trixie verify --key "/tmp/$inside/$key.pub" --insecure-ignore-tlog=true "$image"
done

# ---- cosign's, read by us; keys of each in the hands of the other ----

for suite in trixie forky; do
	flags=(--tlog-upload=false --yes)
	[ "$suite" = trixie ] || flags+=(--use-signing-config=false)
	for key in "$suite" ours; do
		make_image "$suite $key" "$suite-$key"
		image=127.0.0.1:$port/$suite-$key:t
		digest=$image@sha256:$(sha256sum "$work/manifest" | cut -d' ' -f1)
		refused "unsigned" "missing signature" "$alnage" verify --signature-only --key "$work/$key.pub" "$image"
		good "cosign $suite sign with $key.key" cosign "$suite" sign --key "/tmp/$inside/$key.key" "${flags[@]}" "$digest"
		good "verify it" "$alnage" verify --signature-only --key "$work/$key.pub" "$image"
		good "cosign $suite attest with $key.key" cosign "$suite" attest --key "/tmp/$inside/$key.key" "${flags[@]}" \
			--type slsaprovenance1 --predicate "/tmp/$inside/slsa.json" "$digest"
		good "verify that, too" "$alnage" verify --require https://slsa.dev/provenance/v1 --key "$work/$key.pub" "$image"
		refused "another type" "missing attestation" "$alnage" verify --require https://spdx.dev/Document --key "$work/$key.pub" "$image"
		refused "another key" "foreign key" "$alnage" verify --signature-only --key "$work/other.pub" "$image"
	done
	make_image "$suite both" "$suite-both"
	image=127.0.0.1:$port/$suite-both:t
	good "sign with cosign $suite's key" "$alnage" sign --key "$work/$suite.key" "$image"
	for reader in trixie forky; do
		good "cosign $reader verify" cosign "$reader" verify --key "/tmp/$inside/$suite.pub" --insecure-ignore-tlog=true "$image"
	done
done

# ---- an attestation is no signature (cosign 3 takes it for one) ----

make_image attested attested
image=127.0.0.1:$port/attested:t
digest=$image@sha256:$(sha256sum "$work/manifest" | cut -d' ' -f1)
good "cosign forky attest alone" cosign forky attest --key "/tmp/$inside/forky.key" --tlog-upload=false --yes \
	--use-signing-config=false --type slsaprovenance1 --predicate "/tmp/$inside/slsa.json" "$digest"
refused "an attestation alone" "missing signature" "$alnage" verify --require https://slsa.dev/provenance/v1 --key "$work/forky.pub" "$image"
echo "cosign: all good"
