#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Another directory, user, umask, time zone, locale, clock, host name and an empty store: the same digests.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq setpriv unshare
[ "$(id -u)" = 0 ] || skip "needs root to become another user"
make_keys
declare -A first
for image in static busybox; do first[$image]=$(build_image "$image"); done

# Sources and binary packages of the build root may be shared: the digest decides. All else is made anew.
user=12345
mkdir -p "$tmp/other/a much longer path, with spaces/store/blobs"
other="$tmp/other/a much longer path, with spaces"
cp -R recipes "$other/"
cp -R "$ALNAGE_STORE/blobs" "$other/store/" # fetched files; packages and build roots are not taken over
cp -R "$tmp/keys" "$other/keys"
cp "$alnage" "$other/alnage" # the other user may not reach where this one lies
chown -R $user:$user "$tmp/other"
chmod 755 "$tmp"
for image in static busybox; do
	again=$(cd "$other" && setpriv --reuid=$user --regid=$user --clear-groups --no-new-privs \
		env -i PATH="$PATH" HOME="$other" ALNAGE_STORE="$other/store" TZ=Pacific/Chatham \
		LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 bash -c 'umask 077; exec "$@"' - \
		"$other/alnage" build "recipes/images/$image.yaml" --output "$other/out" --json --quiet \
		--key keys/image.key --package-key keys/package.rsa | jq -r .digest)
	same "$again" "${first[$image]}" "$image, built again"
done
