#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# alnage-verify verifies and cannot do anything else: no code in it signs, makes keys, builds,
# attaches or copies. What it does not have cannot be called by an attacker, or by mistake.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need nm strip readelf
program=$build/alnage-verify

nm --defined-only "$program" | awk '$2 ~ /^[TRDB]$/ { print $3 }' | sort -u >"$tmp/has"
[ "$(wc -l <"$tmp/has")" -gt 200 ] || fail "the program has no symbols to look at"
for expected in verify_image policy_verify key_verify envelope_verify; do
	grep -qx "$expected" "$tmp/has" || fail "$expected is missing: this test sees nothing"
done

forbidden=$(find builder -name '*.c' | sort; echo signing/secret.c signing/secret_file.c signing/secretbox.c \
	signing/sign.c signing/pkcs11.c signing/pkcs11_key.c signing/pkcs11_uri.c signing/detached.c signing/stamper.c \
	signing/stamper_query.c signing/own_certificate.c attest/attach.c attest/attach_layer.c attest/provenance.c \
	oci/{copy,merge,repository_write,referrers_write,layout_write,layout_archive_write,registry_put,registry_upload}.c \
	cli/{sign,keygen,build,secret_input,signers,verify_summary,copy}.c)
for file in $forbidden; do
	object=$build/${file%.c}.o
	[ -f "$object" ] || fail "$object was not built"
	# functions, and the tables by which they could be called
	while read -r name; do
		! grep -qx "$name" "$tmp/has" || fail "alnage-verify has $name of $file"
	done < <(nm --defined-only "$object" | awk '$2 ~ /^[TRDB]$/ { print $3 }')
done
# whatever their files are called
for word in secret_ sign_envelope attach_ repository_put repository_update repository_commit \
	layout_put layout_receive layout_write layout_archive_write registry_put registry_mount \
	sandbox_ recipe_ image_build builder_ filter_load; do
	! grep -E "^$word" "$tmp/has" || fail "alnage-verify has $word"
done
nm --defined-only "$program" | awk '{ print $3 }' >"$tmp/all" # static ones, too
for word in upload keygen begin_blob put_blob put_manifest write_ops; do
	! grep -E "$word" "$tmp/all" || fail "alnage-verify has $word"
done

# small: the program itself, without the libraries
strip -o "$tmp/stripped" "$program"
size=$(stat -c %s "$tmp/stripped")
[ "$size" -le 1000000 ] || fail "alnage-verify has $size bytes, stripped"
# what only some runs need is not loaded by all
readelf -d "$program" >"$tmp/dynamic"
! grep -E 'NEEDED.*lib(curl|archive)' "$tmp/dynamic" || fail "libcurl or libarchive is loaded at every start"

# nor does it import what signs, reads or makes private keys, or sets up a sandbox (it does run
# programs: the credential helpers that docker's configuration names)
nm -D --undefined-only "$program" | sed -E 's/.* U ([^@]*).*/\1/' >"$tmp/needs"
grep -qx EVP_DigestVerify "$tmp/needs" || fail "EVP_DigestVerify is missing: this test sees nothing"
# by any of the libraries' many ways; these few only sound like it
harmless='EVP_PKEY_CTX_set_signature_md|SCT_get0_signature|SCT_get_signature_nid|TS_RESP_verify_signature|signal'
if grep -iE 'sign|keygen|generate|private|scrypt|OSSL_STORE|ENGINE_|OSSL_PROVIDER' "$tmp/needs" | grep -vxE "$harmless"; then
	fail "alnage-verify uses this"
fi
for symbol in unshare setns mount pivot_root chroot ptrace; do
	! grep -qx "$symbol" "$tmp/needs" || fail "alnage-verify uses $symbol"
done
# the other program has them, so the names are right
nm -D --undefined-only "$alnage" >"$tmp/whole"
grep -q EVP_DigestSign "$tmp/whole" || fail "alnage itself does not sign?"

# and its commands and options offer none of it
"$program" --help >"$tmp/help"
for command in sign attest keygen build push copy; do
	! grep -qE "^  $command " "$tmp/help" || fail "alnage-verify offers $command"
	expect 2 'unknown command' "$program" "$command"
done
expect 2 '^alnage-verify: unknown option --vsa' "$program" verify oci:nowhere --vsa x
