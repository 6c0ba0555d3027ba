#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# skopeo and podman (Debian trixie: 1.18 and 5.4; forky: 1.22 and 5.8), whose policy.json demands sigstoreSigned.
# They read and write cosign's tag .sig, for each image of an index, and compare the name that was signed.
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"

programs=()
for suite in trixie forky; do
	for program in skopeo podman; do
		if have_peer $suite $program; then programs+=("$suite/$program"); else not_run "$program of $suite" "$why"; fi
	done
done
[ ${#programs[@]} -gt 0 ] || skip "neither skopeo nor podman"
start_registries
make_keys
add_token_key
make_peer_keys
declare -A called
for program in "${programs[@]}"; do called[$program]="${program#*/} $(version_of "${program%/*}" "${program#*/}")"; done

mkdir -p "$containers/registries.d"
printf 'default-docker:\n  use-sigstore-attachments: true\n' >"$containers/registries.d/all.yaml"
printf 'unqualified-search-registries = []\n' >"$containers/registries.conf"
demand() { # PUBLIC-KEY: only what it signed, of registries; all else as it is
	printf '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":{"":[{"type":"sigstoreSigned","keyPath":"%s"}]}}}' \
		"$1" >"$containers/policy.json"
}
demand_nothing() { echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$containers/policy.json"; }
skopeo() { # SUITE arguments…
	local suite=$1
	shift
	peer "$suite" skopeo "$@"
}
podman() {
	local suite=$1
	shift
	peer "$suite" podman --cgroup-manager cgroupfs --storage-driver vfs --root "$work/storage-$suite" \
		--runroot "$work/runtime-$suite" "$@"
}
pull() { # SUITE/PROGRAM PUBLIC-KEY IMAGE: what a host with that policy does
	demand "$2"
	case $1 in
	*/skopeo) rm -rf "$work/pulled" && skopeo "${1%/*}" copy --all --src-tls-verify=false "docker://$3" "dir:$work/pulled" ;;
	*/podman) podman "${1%/*}" pull --tls-verify=false "$3" ;;
	esac
}
rejected='Source image rejected|signature was required|cryptographic signature verification failed'

# ---- signed by us, pulled by them ----

read_ours() { # KEY HOST single|multi
	local key=$1 host=$2 kind=$3 where foreign program
	where="$key $kind $(registry_name "$host")"
	push_image "$where" "$kind" "$host/pulled-$key-$kind"
	for program in "${programs[@]}"; do
		refuses "$where: ${called[$program]}, not signed" "$rejected" pull "$program" "$keys/$key.pub" "$image"
	done
	passes "$where: alnage signs" "$alnage" sign --key "$(signing_key "$key")" "$image" || return
	for program in "${programs[@]}"; do
		passes "$where: ${called[$program]} pulls" pull "$program" "$keys/$key.pub" "$image"
		refuses "$where: ${called[$program]}, another key" "$rejected" pull "$program" "$keys/other.pub" "$image"
	done
	foreign=$digest
	push_image "$where, altered" "$kind" "$host/pulled-$key-$kind"
	transplant "$host" "pulled-$key-$kind" "$foreign" "$digest" || report_failure "$where" "could not move the signatures"
	for program in "${programs[@]}"; do
		refuses "$where: ${called[$program]}, signature of another image" "$rejected" pull "$program" "$keys/$key.pub" "$image"
	done
}
for host in "${registries[@]}"; do
	for kind in single multi; do
		for key in "${signers[@]}"; do read_ours "$key" "$host" $kind; done
	done
	# the name that is signed: one layer for each
	where="names $(registry_name "$host")"
	push_image "$where" multi "$host/names"
	passes "$where: alnage signs t" "$alnage" sign --key "$keys/p256.key" "$image"
	passes "$where: another tag" "$alnage" copy --without-signatures "$image" "$host/names:u"
	for program in "${programs[@]}"; do
		refuses "$where: ${called[$program]}, a tag that was not signed" "$rejected" pull "$program" "$keys/p256.pub" "$host/names:u"
	done
	passes "$where: alnage signs u" "$alnage" sign --key "$keys/p256.key" "$host/names:u"
	for program in "${programs[@]}"; do
		for tag in t u; do
			passes "$where: ${called[$program]} pulls $tag" pull "$program" "$keys/p256.pub" "$host/names:$tag"
		done
	done
done

# ---- signed by them, verified by us ----

sign_skopeo() { # SUITE KEY single|multi TO: the image is $image
	skopeo "$1" copy --all --src-tls-verify=false --dest-tls-verify=false --sign-by-sigstore-private-key "$keys/$2.key" \
		--sign-passphrase-file "$keys/password" "docker://$image" "docker://$4"
}
sign_podman() {
	local options=(--tls-verify=false --sign-by-sigstore-private-key "$keys/$2.key" --sign-passphrase-file "$keys/password")
	if [ "$3" = multi ]; then
		podman "$1" manifest rm list >/dev/null 2>&1
		podman "$1" manifest create list && podman "$1" manifest add --all --tls-verify=false list "docker://$image" &&
			podman "$1" manifest push --all "${options[@]}" list "docker://$4"
	else
		podman "$1" pull --tls-verify=false "$image" && podman "$1" push "${options[@]}" "$image" "docker://$4"
	fi
}
read_theirs() { # SUITE/PROGRAM KEY HOST single|multi
	local suite=${1%/*} program=${1#*/} key=$2 host=$3 kind=$4 name where to foreign
	where="$key $kind $(registry_name "$host")"
	name=$program-$suite-$key-$kind to=$host/$name:t
	push_image "$name" "$kind" "$host/plain-$kind"
	demand_nothing
	passes "$where: ${called[$1]} signs" "sign_$program" "$suite" "$key" "$kind" "$to" || return
	passes "$where: alnage verifies ${called[$1]}'s signature" "$alnage" verify --signature-only --key "$keys/$key.pub" "$to"
	refuses "$where: alnage, another key" "foreign key" "$alnage" verify --signature-only --key "$keys/other.pub" "$to"
	passes "$where: ${called[$1]} takes its own" pull "$1" "$keys/$key.pub" "$to"
	foreign=sha256:$(manifest_of "$host" "$name" t | sha256sum | cut -d' ' -f1)
	push_image "$name altered" "$kind" "$host/$name"
	transplant "$host" "$name" "$foreign" "$digest" || report_failure "$where" "could not move the signatures"
	refuses "$where: alnage, ${called[$1]}'s signature of another image" "digest mismatch" \
		"$alnage" verify --signature-only --key "$keys/$key.pub" "$image"
}
for host in "${registries[@]}"; do
	for program in "${programs[@]}"; do
		for key in peer-p256 peer-p384 peer-rsa peer-ed25519; do
			for kind in single multi; do read_theirs "$program" $key "$host" $kind; done
		done
	done
done

# a parameter file, as --sign-by-sigstore takes it
printf 'privateKeyFile: "%s"\nprivateKeyPassphraseFile: "%s"\n' "$keys/peer-p256.key" "$keys/password" >"$work/parameters.yaml"
for program in "${programs[@]}"; do
	host=${registries[0]} suite=${program%/*}
	push_image "parameters" single "$host/plain"
	demand_nothing
	case $program in
	*/skopeo) sign=(skopeo "$suite" copy --src-tls-verify=false --dest-tls-verify=false "docker://$image") ;;
	*/podman)
		run podman "$suite" pull --tls-verify=false "$image"
		sign=(podman "$suite" push --tls-verify=false "$image")
		;;
	esac
	to=$host/parameters-${program/\//-}:t
	passes "${called[$program]} signs by a parameter file" "${sign[@]:0:3}" --sign-by-sigstore "$work/parameters.yaml" "${sign[@]:3}" "docker://$to"
	passes "alnage verifies that" "$alnage" verify --signature-only --key "$keys/peer-p256.pub" "$to"
	refuses "alnage, another key" "foreign key" "$alnage" verify --signature-only --key "$keys/other.pub" "$to"
done

# ---- signatures that skopeo carries ----

for host in "${registries[@]}"; do
	for program in "${programs[@]}"; do
		[[ $program == */skopeo ]] || continue
		where="${called[$program]} $(registry_name "$host")"
		name=carried-${program%/*}
		push_image "$where" multi "$host/$name"
		run "$alnage" sign --key "$keys/p256.key" "$image" || report_failure "$where" "not signed"
		demand_nothing
		passes "$where: copies our signatures along" skopeo "${program%/*}" copy --all --src-tls-verify=false --dest-tls-verify=false \
			"docker://$image" "docker://$host/$name-on:t"
		passes "$where: alnage verifies there" "$alnage" verify --signature-only --key "$keys/p256.pub" "$host/$name-on:t"
		refuses "$where: alnage there, another key" "foreign key" "$alnage" verify --signature-only --key "$keys/other.pub" "$host/$name-on:t"
		cannot "$where: copies them into a layout" "its oci: layouts hold no signatures" "[Cc]an ?not copy signatures|not supported" \
			skopeo "${program%/*}" copy --all --src-tls-verify=false "docker://$image" "oci:$work/layout-$name:t"
	done
done
finish
