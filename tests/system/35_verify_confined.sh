#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Verifying works confined, as root and as nobody, from layout, archive and registry, with what
# has to be run before (credential helpers) and written after (summaries); and where the kernel
# cannot confine, it says so or refuses. What is out of reach then: tests/unit/base_confine_test.c.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq docker-registry htpasswd setpriv python3 openssl curl
! nm "$build/alnage-verify" | grep __asan_init >/dev/null || skip "AddressSanitizer and the filter exclude each other"
unset XDG_CONFIG_HOME
make_keys
digest=$(build_image static)
cp "$build/alnage-verify" "$build/tests/helpers/without" "$tmp/"
key=$tmp/keys/image.key.pub
chmod 755 "$tmp" "$tmp/keys"
chmod 644 "$key"
chmod -R a+rX "$tmp/out"
mkdir -m 1777 "$tmp/scratch" # where archives are unpacked
verify() { TMPDIR=$tmp/scratch "${as[@]}" "$tmp/alnage-verify" verify "$@" --key "$key" --confinement require; }

"$alnage" copy "oci:$tmp/out/static:latest" "oci-archive:$tmp/static.tar:latest" >/dev/null 2>&1
chmod 644 "$tmp/static.tar"
htpasswd -Bbn user 'pass word' >"$tmp/htpasswd" 2>/dev/null
start_registry "auth: {htpasswd: {realm: test, path: $tmp/htpasswd}}"
echo 'pass word' >"$tmp/password"
chmod 644 "$tmp/password"
"$alnage" push "oci:$tmp/out/static:latest" "$registry/static:latest" --user user \
	--password-file "$tmp/password" >/dev/null 2>&1

# credentials from a helper, which is run before the confinement
mkdir "$tmp/bin" "$tmp/docker"
cat >"$tmp/bin/docker-credential-test" <<-'END'
	#!/bin/sh
	echo '{"ServerURL":"x","Username":"user","Secret":"pass word"}'
END
chmod 755 "$tmp/bin/docker-credential-test"
printf '{"credHelpers":{"%s":"test"}}' "$registry" >"$tmp/docker/config.json"
export PATH=$tmp/bin:$PATH

as=()
users=(root)
[ "$(id -u)" != 0 ] || users+=(nobody)
for user in "${users[@]}"; do
	[ "$user" = root ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)
	for image in "oci:$tmp/out/static:latest" "oci-archive:$tmp/static.tar:latest"; do
		expect 0 '^accepted' verify "$image"
		grep -qx "$digest" "$tmp/said" || fail "$user, $image: another digest"
	done
	expect 0 '^accepted' verify "$registry/static:latest" --user user --password-file "$tmp/password"
	DOCKER_CONFIG=$tmp/docker expect 0 '^accepted' verify "$registry/static:latest" --check-blobs
	expect 1 'credentials|401' env DOCKER_CONFIG="$tmp" "${as[@]}" "$tmp/alnage-verify" verify \
		"$registry/static:latest" --key "$key"
	# the private copy of an archive is gone
	same "$(ls "$tmp/scratch")" ""
done
as=()

# by name (which is asked for in a thread), and with TLS
expect 0 '^accepted' verify "localhost:${registry#*:}/static:latest" --user user --password-file "$tmp/password"
make_certificate "$tmp/tls" DNS:localhost
start_tls_registry "$tmp/tls"
mkdir -p "$tmp/home/.config/containers/certs.d/localhost:$tls_port"
cp "$tmp/tls.crt" "$tmp/home/.config/containers/certs.d/localhost:$tls_port/ca.crt"
HOME=$tmp/home expect 0 '^accepted' verify "localhost:$tls_port/static:latest"

# a refusal stays one, from a child, too
"$alnage" keygen "$tmp/keys/other.key" >/dev/null
for image in "oci:$tmp/out/static:latest" "oci-archive:$tmp/static.tar:latest"; do
	expect 3 'foreign key' "$alnage" verify "$image" --key "$tmp/keys/other.key.pub" --confinement require
done
expect 2 'not a mode' "$alnage" verify "oci:$tmp/out/static:latest" --key "$key" --confinement maybe

# bundles
reference=$(jq -r '.manifests[] | select(.annotations."dev.sigstore.bundle.predicateType" == "https://spdx.dev/Document").digest' \
	"$tmp/out/static/index.json" | head -n 1)
[ -n "$reference" ] || reference=$(jq -r '[.manifests[] | select(.artifactType // "" | startswith("application/vnd.dev.sigstore.bundle")).digest][0]' "$tmp/out/static/index.json")
layer=$(jq -r '.layers[0].digest' "$tmp/out/static/blobs/sha256/${reference#sha256:}")
expect 0 'passed' "$alnage" verify-bundle --bundle "$tmp/out/static/blobs/sha256/${layer#sha256:}" --key "$key" \
	--confinement require "$digest"
printf 'x' >"$tmp/junk.json"
expect 3 'refused' "$alnage" verify-bundle --bundle "$tmp/junk.json" --key "$key" --confinement require "$digest"

# a summary is written by a process that read nothing, for a refused image, too
cat >"$tmp/trust.yaml" <<-END
	version: 1
	keys:
	  - {name: release, file: keys/image.key.pub, roles: [image, provenance, sbom, scan], operator: one}
END
for type in slsaprovenance1 vuln; do
	printf 'version: 1\ntrust: trust.yaml\nscopes:\n  - {name: all, images: ["oci:**"], signature: {}, attestations: [{type: %s}]}\n' \
		$type >"$tmp/policy.yaml"
	status=0
	"$alnage" verify "oci:$tmp/out/static:latest" --policy "$tmp/policy.yaml" --confinement require --vsa "$tmp/$type.json" \
		--vsa-key "$tmp/keys/image.key" --verifier-id https://example.org/gate --resource-uri pkg:oci/static \
		>"$tmp/said" 2>&1 || status=$?
	[ -f "$tmp/$type.json" ] || { cat "$tmp/said" >&2; fail "no summary"; }
	jq -r .payload "$tmp/$type.json" | base64 -d | jq -r '"'"$status"' " + .predicate.verificationResult'
done >"$tmp/summaries"
same "$(paste -sd, "$tmp/summaries")" "0 PASSED,3 FAILED"

# it is in force while others are being talked to
python3 - "$tmp/port" <<-'END' &
	import socket, sys, time
	s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
	open(sys.argv[1], "w").write(str(s.getsockname()[1]))
	time.sleep(600)
END
at_end "kill $! 2>/dev/null"
wait_for test -s "$tmp/port"
"$tmp/alnage-verify" verify "127.0.0.1:$(cat "$tmp/port")/x:y" --key "$key" >/dev/null 2>&1 &
waiting=$!
at_end "kill $waiting 2>/dev/null"
wait_for grep -q '^Seccomp:.2' "/proc/$waiting/status" || fail "no filter while a registry is asked"
grep -q '^NoNewPrivs:.1' "/proc/$waiting/status" || fail "privileges may still be gained"
kill "$waiting"

# a kernel without Landlock
image=oci:$tmp/out/static:latest
expect 0 'not confined: this kernel has no Landlock' "$tmp/without" landlock_create_ruleset \
	"$tmp/alnage-verify" verify "$image" --key "$key"
expect 1 'this kernel has no Landlock' "$tmp/without" landlock_create_ruleset \
	"$tmp/alnage-verify" verify "$image" --key "$key" --confinement require
"$tmp/without" landlock_create_ruleset "$tmp/alnage-verify" verify "$image" --key "$key" --confinement off \
	>"$tmp/said" 2>&1 || fail "off does not work"
! grep 'not confined' "$tmp/said" || fail "off warns"
