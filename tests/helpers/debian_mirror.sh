# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A Debian mirror of one suite on the loopback, for system tests. Source after lib.sh, which sets $tmp.
# shellcheck disable=SC2154

# new_signing_key NAME: an OpenPGP key, its public part in $tmp/NAME.gpg
new_signing_key() {
	install -d -m 700 "$tmp/gnupg"
	gpg --homedir "$tmp/gnupg" --batch --quiet --pinentry-mode loopback --passphrase '' \
		--quick-generate-key "$1" rsa2048 sign never 2>>"$tmp/gpg.log"
	gpg --homedir "$tmp/gnupg" --batch --export "$1" >"$tmp/$1.gpg"
}

# stanza NAME VERSION [FIELD…]: of a Packages file; the file itself need not be there
stanza() {
	local file=${2#*:}
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n' "$1" "$2"
	printf 'Filename: pool/main/%s/%s/%s_%s_amd64.deb\nSize: 1000\nSHA256: %s\n' "${1:0:1}" "$1" "$1" "$file" \
		"$(printf '%s %s' "$1" "$2" | sha256sum | cut -d ' ' -f 1)"
	shift 2
	[ $# -eq 0 ] || printf '%s\n' "$@"
	echo
}

# publish FOLDER KEY CODENAME <Packages: dists/trixie, signed; KEY may be empty
publish() {
	local dist=$1/dists/trixie packages=main/binary-amd64/Packages
	rm -rf "$dist"
	mkdir -p "$dist/main/binary-amd64"
	cat >"$dist/$packages"
	xz -k "$dist/$packages"
	{
		printf 'Origin: Test\nSuite: some\nCodename: %s\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n' \
			"$3" "$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')"
		for file in "$packages" "$packages.xz"; do
			printf ' %s %d %s\n' "$(sha256sum <"$dist/$file" | cut -d ' ' -f 1)" "$(stat -c %s "$dist/$file")" "$file"
		done
	} >"$dist/Release"
	rm "$dist/$packages" # as mirrors do: the compressed one only
	[ -z "$2" ] || gpg --homedir "$tmp/gnupg" --batch --yes --pinentry-mode loopback --passphrase '' -u "$2" \
		--digest-algo SHA512 --clearsign -o "$dist/InRelease" "$dist/Release" 2>>"$tmp/gpg.log"
}

# serve FOLDER: sets $mirror
serve() {
	local port
	port=$(free_port)
	mirror=http://127.0.0.1:$port
	python3 -m http.server --bind 127.0.0.1 --directory "$1" "$port" >>"$tmp/mirror.log" 2>&1 &
	at_end "kill $! 2>/dev/null"
	for _ in $(seq 100); do
		curl -s -o /dev/null "$mirror/" && return
		sleep 0.1
	done
	fail "the mirror did not start"
}
