#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A farm: machines with stores of their own share packages through a registry, signed; workflows of make and
# ninja go on after kill -9, and a failure does not stop what does not need it.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq make curl docker-registry
recipes=$tmp/recipes
mkdir -p "$recipes/packages"
cp -R recipes/pipelines recipes/toolchain* "$recipes/"
stamp=$(date +%s%N) # so that nothing is in the store before
recipe() { # NAME SCRIPT [NEED…]
	local name=$1 script=$2
	shift 2
	{
		printf 'package:\n  name: %s\n  version: "1"\n  epoch: 0\n  description: %s\n' "$name" "$stamp"
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages:\n      - busybox\n'
		[ $# -eq 0 ] || printf '      - %s\n' "$@"
		# shellcheck disable=SC2016 # for the recipe
		printf 'pipeline:\n  - runs: |\n      mkdir -p "${{targets.destdir}}/usr/share"\n      %s\n' "$script"
		# shellcheck disable=SC2016
		printf '      ls /sysroot/usr/share >"${{targets.destdir}}/usr/share/%s" || true\n' "$name"
	} >"$recipes/packages/$name.yaml"
}
start_registry
make_keys
"$alnage" keygen --type rsa --bits 2048 "$tmp/keys/other.rsa" >/dev/null
shared=$registry/farm/packages

# ---- two machines: the second builds nothing that the first has built ----
on() { # MACHINE arguments…: its own store; the toolchain's files are fetched once
	local machine=$1
	shift
	mkdir -p "$tmp/$machine"
	[ -e "$tmp/$machine/blobs" ] || cp -Rl "$ALNAGE_STORE/blobs" "$tmp/$machine/" 2>/dev/null ||
		cp -R "$ALNAGE_STORE/blobs" "$tmp/$machine/"
	"$alnage" package --recipes "$recipes" --store "$tmp/$machine" --output "$tmp/$machine-out" --quiet \
		--package-store "$shared" "$@"
}
signed() { on "$@" --package-key "$tmp/keys/package.rsa"; }
recipe first :
recipe second : first
same "$(signed one --json "$recipes/packages/first.yaml" | jq .built)" 1
key=$("$alnage" graph --recipes "$recipes" --format json "$recipes/packages/first.yaml" | jq -r '.recipes[0].inputKey')
same "$(curl -s "http://$registry/v2/farm/packages/tags/list" | jq -r '.tags[]')" "${key#sha256:}"
same "$(signed two --json "$recipes/packages/second.yaml" | jq .built)" 1 "first came from the registry"
same "$(signed one --json "$recipes/packages/second.yaml" | jq .built)" 0 "second came from the registry"
cmp "$tmp/one-out/packages/x86_64/second-1-r0.apk" "$tmp/two-out/packages/x86_64/second-1-r0.apk"
same "$(tar -xzOf "$tmp/one-out/packages/x86_64/second-1-r0.apk" usr/share/second 2>/dev/null)" first
same "$(signed one --json "$recipes/packages/second.yaml" | jq .built)" 0 "all is there"

# ---- what another key has signed, or nobody, is not taken ----
expect 3 "package store: $shared:.*signature" on three --package-key "$tmp/keys/other.rsa" "$recipes/packages/first.yaml"
recipe third :
same "$(on one --json "$recipes/packages/third.yaml" | jq .built)" 1
expect 3 "package store: $shared:.*not signed" signed three "$recipes/packages/third.yaml"
same "$(on three --json "$recipes/packages/third.yaml" | jq .built)" 0 "without a key the place is believed"
# the record of one key under the tag of another
recipe fourth :
fourth=$("$alnage" graph --recipes "$recipes" --format json "$recipes/packages/fourth.yaml" | jq -r '.recipes[0].inputKey')
curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
	"http://$registry/v2/farm/packages/manifests/${key#sha256:}" >"$tmp/manifest"
same "$(jq -r .artifactType "$tmp/manifest")" application/vnd.alnage.packages.v1
curl -s -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$tmp/manifest" \
	"http://$registry/v2/farm/packages/manifests/${fourth#sha256:}"
expect 3 "package store: $shared:.*signature" signed three "$recipes/packages/fourth.yaml"
shared=$shared:tag expect 2 'without tag and digest' on one "$recipes/packages/first.yaml"
shared=127.0.0.1:1/x expect 1 'package store' on one "$recipes/packages/first.yaml"

# ---- an OCI layout in a shared folder does, too ----
shared=oci:$tmp/folder
recipe fifth :
same "$(signed one --json "$recipes/packages/fifth.yaml" | jq .built)" 1
same "$(signed two --json "$recipes/packages/fifth.yaml" | jq .built)" 0

# ---- workflows: killed, they go on; what fails stops only what needs it ----
rm "$recipes/packages"/*.yaml
run() { # FORMAT: of the whole graph
	"$alnage" graph --recipes "$recipes" --format "$1" --store "$ALNAGE_STORE" --output "$tmp/$1-out" \
		--stamps "$tmp/stamps-$1" --program "$alnage" --offline >"$tmp/workflow-$1"
	case $1 in
	make) make -k -j 2 -f "$tmp/workflow-make" ;;
	ninja) env -C "$tmp" ninja -k 0 -j 2 -f "$tmp/workflow-ninja" ;;
	esac
}
called() { # make shows commands, ninja "[1/2] package NAME"
	sed -nE -e 's|^.*package.*/packages/([a-z]+)\.yaml.*|\1|p' -e 's|^\[[0-9/]*\] package ([a-z]+)$|\1|p' "$tmp/said" |
		sort -u | xargs
}
has_stamps() { [ "$(find "$tmp/stamps-$format" -type f 2>/dev/null | wc -l)" -ge 2 ]; }
for format in make ninja; do
	command -v "$format" >/dev/null || { echo "$format is not here: its workflow was not run"; continue; }
	stamp=$stamp.$format
	recipe base :
	recipe slow 'sleep 600' base
	recipe broken 'exit 7' base
	recipe after : broken
	recipe other : base
	setsid "$BASH" -c "$(declare -f run); alnage='$alnage' tmp='$tmp' recipes='$recipes'; run $format" >"$tmp/said" 2>&1 &
	runner=$!
	at_end "kill -KILL -- -$runner 2>/dev/null"
	wait_for has_stamps || { cat "$tmp/said"; fail "$format: base and other were not made"; }
	kill -KILL -- "-$runner"
	wait "$runner" 2>/dev/null || true
	pkill -KILL -f -- "--output=$tmp/$format-out" || true # ninja's are in groups of their own
	[ -f "$tmp/$format-out/packages/x86_64/base-1-r0.apk" ] || { cat "$tmp/said"; fail "$format: base was not made"; }
	! [ -f "$tmp/$format-out/packages/x86_64/slow-1-r0.apk" ] || fail "$format was not killed in time"
	recipe slow : base
	if run "$format" >"$tmp/said" 2>&1; then fail "$format: broken did not fail"; fi
	case " $(called) " in
	*" base "* | *" after "*) cat "$tmp/said"; fail "$format called what was done, or what cannot be" ;;
	*" broken "*slow*) ;;
	*) cat "$tmp/said"; fail "$format did not call what was left" ;;
	esac
	for name in slow other; do
		[ -f "$tmp/$format-out/packages/x86_64/$name-1-r0.apk" ] || { cat "$tmp/said"; fail "$format: no $name"; }
	done
	recipe broken : base
	run "$format" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "$format after the repair"; }
	same "$(called)" "after broken" "$format after the repair"
done
echo "farm: all good"
