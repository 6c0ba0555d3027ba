#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build roots from apk repositories: native ones, with a shell of the repository's and nothing of ours; what goes into
# keys and records; what is refused; loops; the toolchain with packages of repositories.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq python3 curl openssl setpriv
make_keys
stamp=$(date +%s%N) # so that nothing is in the store before
key=$tmp/keys/package.rsa

# ---- their repository: what our own recipes make, and a tool, in two collections of recipes ----
mkdir -p "$tmp/theirs/packages" "$tmp/ours"
cp -R recipes/pipelines recipes/toolchain* "$tmp/theirs/"
cp recipes/packages/{busybox,baselayout,musl,zlib}.yaml "$tmp/theirs/packages/"
recipe() { # FILE NAME VERSION NEEDS [KEYS-OF-PACKAGE]: steps on stdin
	{
		printf 'package:\n  name: %s\n  version: "%s"\n  epoch: 0\n  description: %s\n%s' "$2" "$3" "$stamp" "${5:-}"
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages: [%s]\n' "$4"
		printf 'pipeline:\n'
		cat
	} >"$1"
}
# shellcheck disable=SC2016 # for the recipes
out='${{targets.destdir}}'
tool() { # VERSION [KEYS]
	recipe "$tmp/theirs/packages/tool.yaml" tool "$1" busybox "${2:-}" <<-END
		  - runs: |
		      mkdir -p "$out/usr/bin"
		      printf '#!/bin/sh\necho tool $1 of theirs\n' >"$out/usr/bin/tool"
		      chmod +x "$out/usr/bin/tool"
	END
}
# busybox and what it needs are made once, and not with every date
"$alnage" package --quiet --recipes "$tmp/theirs" --package-key "$key" --output "$tmp/base" \
	"$tmp"/theirs/packages/{busybox,baselayout,musl,zlib}.yaml >/dev/null
date=1767225600
publish() { # $tmp/repo: that, and the recipes named
	date=$((date + 1))
	rm -rf "$tmp/repo"
	cp -R "$tmp/base" "$tmp/published"
	SOURCE_DATE_EPOCH=$date "$alnage" package --quiet --recipes "$tmp/theirs" --package-key "$key" \
		--output "$tmp/published" "${@/#/$tmp/theirs/packages/}" >/dev/null
	mv "$tmp/published/packages" "$tmp/repo"
	rmdir "$tmp/published"
}
tool 1
publish tool.yaml
sources=(--repository "$tmp/repo" --keyring "$key.pub")
package() { "$alnage" package --output "$tmp/out" --quiet "$@"; }
packed() { tar -xzOf "$tmp/out/packages/x86_64/$1.apk" "$2" 2>/dev/null; }
input_key() { # NAME [OPTION…]
	local name=$1
	shift
	"$alnage" graph --format json "$@" | jq -r --arg name "$name" '.recipes[] | select(.name == $name) | .inputKey'
}

# ---- a native root: the repository's shell, nothing of the toolchain's; the recipe names all itself ----
seen() { # steps that write down what they see
	cat <<-END
		  - runs: |
		      mkdir -p "$out/usr/share"
		      {
		        tool
		        id -u
		        grep -c ^build:x:1000:1000: /etc/passwd
		        cat /etc/apk/world
		        for path in /sysroot /usr/bin/gcc /usr/lib/x86_64-linux-gnu /usr/bin/perl; do
		          [ ! -e \$path ] || echo "there is \$path"
		        done
		        env | grep -E 'sysroot|HOSTCC|CFLAGS' || true
		      } >"$out/usr/share/seen"
	END
}
tests() { # PACKAGES: a test that tells what is there
	cat <<-END
		test:
		  environment:
		    contents:
		      packages: [$1]
		  pipeline:
		    - runs: |
		        grep -x 'seen=1-r0' /etc/apk/world
		        [ -e /usr/share/seen ]
		        ! which tool
		        ! grep ^zlib= /etc/apk/world
	END
}
{ seen; tests busybox; } | recipe "$tmp/ours/seen.yaml" seen 1 'busybox, tool'
named=$tmp/ours/named.yaml
sed "s|^  contents:|&\n    repositories: [\"$tmp/repo\"]\n    keyring: [\"$key.pub\"]|" "$tmp/ours/seen.yaml" >"$named"
same "$(package --json --test "$named" | jq -c '[.built, .testsPassed]')" '[1,1]'
expected='tool 1 of theirs
1000
1
busybox=1.38.0-r0
musl=1.2.6-r0
tool=1-r0'
same "$(packed seen-1-r0 usr/share/seen)" "$expected"
# the options mean the same for a recipe that names none; without them it is of the toolchain, which has no tool
expect 0 '' package "${sources[@]}" "$tmp/ours/seen.yaml"
same "$(packed seen-1-r0 usr/share/seen)" "$expected" "by options"
expect 1 "'tool' is no group of the toolchain" package "$tmp/ours/seen.yaml"

# ---- the same bytes: in a store of its own, over http, at another time, by another user ----
port=$(free_port)
python3 -m http.server --bind 127.0.0.1 --directory "$tmp" "$port" >"$tmp/http" 2>&1 &
at_end "kill $! 2>/dev/null"
for _ in $(seq 50); do
	curl -s -o /dev/null "http://127.0.0.1:$port/" && break
	sleep 0.1
done
remote=(--repository "http://127.0.0.1:$port/repo" --keyring "http://127.0.0.1:$port/keys/package.rsa.pub")
mkdir "$tmp/home"
user=()
if [ "$(id -u)" = 0 ]; then
	user=(setpriv --reuid=64321 --regid=64321 --clear-groups --no-new-privs)
	chown 64321:64321 "$tmp/home"
	chmod 755 "$tmp"
fi
as_user() { "${user[@]}" env HOME="$tmp/home" "$alnage" package --quiet --recipes recipes --store "$tmp/home/store" \
	--output "$tmp/home/out" "$@"; }
expect 1 'not in the store' as_user "${remote[@]}" --offline "$tmp/ours/seen.yaml"
grep -q 'once without --offline' "$tmp/said" || fail "no remedy for being offline"
expect 0 '' as_user "${remote[@]}" --test "$tmp/ours/seen.yaml"
cmp "$tmp/out/packages/x86_64/seen-1-r0.apk" "$tmp/home/out/packages/x86_64/seen-1-r0.apk"
rm -rf "$tmp/home/store/packages" "$tmp/home/out"
same "$(as_user "${remote[@]}" --offline --json "$tmp/ours/seen.yaml" | jq .built)" 1 "offline, from the store"
cmp "$tmp/out/packages/x86_64/seen-1-r0.apk" "$tmp/home/out/packages/x86_64/seen-1-r0.apk"

# ---- the input key: what the root takes, and nothing else of the repository ----
before=$(input_key seen "${sources[@]}" "$tmp/ours/seen.yaml")
same "$(input_key seen "${remote[@]}" "$tmp/ours/seen.yaml")" "$before" "by address"
tool 1
stamp=$stamp.1 recipe "$tmp/theirs/packages/other.yaml" other 1 busybox <<<"  - runs: mkdir -p $out/usr/share"
publish_again() { # without another date: only what is different is different
	date=$((date - 1))
	publish "$@"
}
publish_again tool.yaml other.yaml
same "$(input_key seen "${sources[@]}" "$tmp/ours/seen.yaml")" "$before" "another package came"
tool 2
publish tool.yaml
after=$(input_key seen "${sources[@]}" "$tmp/ours/seen.yaml")
[ "$after" != "$before" ] || fail "the key stays when the tool is another"
expect 0 '' package "${sources[@]}" "$tmp/ours/seen.yaml"
same "$(packed seen-1-r0 usr/share/seen | head -n 1)" 'tool 2 of theirs'
same "$(jq -r '[.prebuilt[].name] | sort | join(" ")' "$ALNAGE_STORE/packages/${after#sha256:}")" 'busybox musl tool'

# ---- an image of it: its provenance names what the root took ----
printf 'contents:\n  packages: [seen]\n' >"$tmp/image.yaml"
mkdir "$tmp/collection"
cp "$tmp/ours/seen.yaml" "$tmp/collection/"
"$alnage" build --quiet "$tmp/image.yaml" --recipes "$tmp/collection" --store "$tmp/image-store" \
	--output "$tmp/image" --key "$tmp/keys/image.key" "${remote[@]}" >/dev/null
index=$tmp/image/image/index.json
blob() { echo "$tmp/image/image/blobs/sha256/${1#sha256:}"; }
ref() { jq -r --arg name "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest' "$index"; }
att=$(ref "$(ref latest | tr : -).att")
jq -r '.layers[] | select(.annotations.predicateType == "https://slsa.dev/provenance/v1") | .digest' "$(blob "$att")" | tail -n 1 |
	while read -r digest; do jq -r .payload "$(blob "$digest")" | base64 -d; done >"$tmp/provenance.json"
same "$(jq -r '.predicate.buildDefinition.resolvedDependencies[] | select(.name == "tool") | "\(.annotations.kind) \(.downloadLocation) \(.digest.sha256)"' "$tmp/provenance.json")" \
	"toolchain http://127.0.0.1:$port/repo/x86_64/tool-2-r0.apk $(sha256sum <"$tmp/repo/x86_64/tool-2-r0.apk" | cut -d' ' -f1)"

# ---- what is refused, before anything runs ----
expect 1 'repositories without a keyring' package --repository "$tmp/repo" "$tmp/ours/seen.yaml"
"$alnage" keygen --type rsa --bits 2048 "$tmp/keys/other.rsa" >/dev/null
mkdir "$tmp/false"
cp "$tmp/keys/other.rsa.pub" "$tmp/false/package.rsa.pub"
expect 3 'is signed by package.rsa.pub, which is not among the keys' \
	package --repository "$tmp/repo" --keyring "$tmp/keys/other.rsa.pub" "$tmp/ours/seen.yaml"
expect 3 'repository .*signature' package --repository "$tmp/repo" --keyring "$tmp/false/package.rsa.pub" "$tmp/ours/seen.yaml"
SOURCE_DATE_EPOCH=$date "$alnage" package --quiet --recipes "$tmp/theirs" --output "$tmp/unsigned-out" "$tmp/theirs/packages/tool.yaml" >/dev/null
expect 3 'not signed' package --repository "$tmp/unsigned-out/packages" --keyring "$key.pub" "$tmp/ours/seen.yaml"
expect 1 "127.0.0.1:1/x86_64/APKINDEX.tar.gz" package --repository http://127.0.0.1:1 --keyring "$key.pub" "$tmp/ours/seen.yaml"
expect 2 'repositories or toolchain' package --build-root repositry "${sources[@]}" "$tmp/ours/seen.yaml"
printf 'version: 1\nkeys:\n  - name: builder\n    file: keys/package.rsa.pub\n    roles: [image]\n' >"$tmp/trust.yaml"
expect 3 "'builder' in the trust file has no role 'package'" package "${sources[@]}" --trust "$tmp/trust.yaml" "$tmp/ours/seen.yaml"
# an old index again
cp -R "$tmp/repo" "$tmp/new"
tool 1
date=1767225600
publish tool.yaml
expect 3 'older than the one seen before' package "${sources[@]}" "$tmp/ours/seen.yaml"
expect 3 'older than the one seen before' input_key seen "${sources[@]}" "$tmp/ours/seen.yaml"
rm -rf "$tmp/repo"
mv "$tmp/new" "$tmp/repo"
# another package than the index says
stamp=$stamp.2
tool 3
date=$((date + 100))
publish tool.yaml
cp "$tmp/repo/x86_64/tool-3-r0.apk" "$tmp/tool.apk"
cp "$tmp/repo/x86_64/zlib-1.3.2-r0.apk" "$tmp/repo/x86_64/tool-3-r0.apk"
expect 1 'tool-3-r0.apk has more than' package "${sources[@]}" "$tmp/ours/seen.yaml"
python3 - "$tmp/tool.apk" "$tmp/repo/x86_64/tool-3-r0.apk" <<'END'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[-40] ^= 1
open(sys.argv[2], 'wb').write(data)
END
expect 3 'tool-3-r0.apk: .*digest' package "${sources[@]}" "$tmp/ours/seen.yaml"
cp "$tmp/tool.apk" "$tmp/repo/x86_64/tool-3-r0.apk"
expect 0 '' package "${sources[@]}" "$tmp/ours/seen.yaml"

# ---- names: a chain of reasons ----
wants() { recipe "$tmp/ours/wants.yaml" wants 1 "$1" <<<"  - runs: mkdir -p $out/usr/share"; }
wants 'busybox, nothing-has-it'
expect 1 "build root of wants: the build wants 'nothing-has-it': nothing provides" package "${sources[@]}" "$tmp/ours/wants.yaml"
wants 'busybox, tool<3'
expect 1 "the build wants 'tool<3': nothing fits 'tool<3': tool-3-r0 is another version" package "${sources[@]}" "$tmp/ours/wants.yaml"
tool 4 $'  dependencies:\n    runtime: [nobody]\n'
publish tool.yaml
wants 'busybox, tool'
expect 1 "the build wants 'tool': tool-4-r0 needs 'nobody': nothing provides 'nobody'" package "${sources[@]}" "$tmp/ours/wants.yaml"
wants 'busybox, "!musl"'
expect 1 "busybox.* needs .*musl" package "${sources[@]}" "$tmp/ours/wants.yaml"
wants zlib-dev
expect 1 'no package in it has /bin/sh' package "${sources[@]}" "$tmp/ours/wants.yaml"
tool 5
publish tool.yaml

# ---- hostile packages in a repository that signs them ----
mkdir "$tmp/outside"
hostile() { python3 tests/system/hostile_packages.py "$@"; }
wants 'busybox, evil'
declare -A reasons=(
	[mount]='package evil makes /dev something else than a directory'
	[applets]='/etc/busybox-paths.d/evil: .*a component "\.\."'
	[huge]='have more than [0-9]+ bytes'
	[name-slash]='package name' [name-parent]='package name' [name-control]='control characters' [name-dots]='package name'
	[parent]='component "\.\."' [absolute]='absolute path' [middle]='component "\.\."' [control]='control characters'
	[whiteout]='whiteout' [dot]='dot file' [symlink]='no directory' [hardlink]='component "\.\."' [dangling]='no regular file'
	[device]='device node' [fifo]='a fifo' [twice]='second entry'
)
for case in $(hostile); do
	hostile "$tmp/evil/$case" "$key" "$case" "$tmp/outside"
	evil() { package --store "$tmp/home/evil" "${sources[@]}" --repository "$tmp/evil/$case" "$tmp/ours/wants.yaml"; }
	if [ "$case" = good ] || [ "$case" = setid ]; then
		evil >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "$case was refused"; }
		continue
	fi
	got=0
	evil >"$tmp/said" 2>&1 || got=$?
	[ "$got" = 1 ] || [ "$got" = 3 ] || { cat "$tmp/said"; fail "$case: exit $got"; }
	grep -qE "${reasons[$case]:?$case}" "$tmp/said" || { cat -v "$tmp/said"; fail "$case: the reason is not said"; }
done
same "$(find "$tmp" -name '*escaped*' -not -path "$tmp/home/evil/roots/*/root/usr/escaped")" ""
same "$(find "$tmp/outside" -mindepth 1)" ""
set=$(find "$tmp/home/evil/roots" -name set)
same "$(stat -c %a "$set")" 755 "a set-id bit came into the root"

# ---- ours come first, but what others need of each other may come from the repository ----
recipe "$tmp/collection/tool.yaml" tool 1 busybox <<-END
	  - runs: |
	      mkdir -p "$out/usr/bin"
	      printf '#!/bin/sh\necho tool of ours\n' >"$out/usr/bin/tool"
	      chmod +x "$out/usr/bin/tool"
END
collection() { "$alnage" "$1" --recipes "$tmp/collection" "${sources[@]}" "${@:2}"; }
same "$(collection graph --format json | jq -c '[.recipes[] | [.name, .needs]]')" '[["tool",[]],["seen",["tool"]]]'
expect 0 '' collection package --quiet --output "$tmp/out" "$tmp/collection/seen.yaml"
same "$(packed seen-1-r0 usr/share/seen | head -n 1)" 'tool of ours'
# two that need each other: the repository has the one, or the other, or none
recipe "$tmp/collection/left.yaml" left 1 'busybox, right' <<<"  - runs: mkdir -p $out/usr/share"
recipe "$tmp/collection/right.yaml" right 1 'busybox, left' <<<"  - runs: mkdir -p $out/usr/share"
expect 1 'recipes need each other to be built: left needs right needs left' collection graph
grep -q -- '--repository' "$tmp/said" || fail "no remedy for a circle"
recipe "$tmp/theirs/packages/right.yaml" right 0 busybox <<<"  - runs: mkdir -p $out/usr/share"
recipe "$tmp/theirs/packages/left.yaml" left 0 busybox <<<"  - runs: mkdir -p $out/usr/share"
publish tool.yaml right.yaml
same "$(collection graph --format json | jq -c '[.recipes[] | select(.name == "left" or .name == "right") | [.name, .needs]]')" \
	'[["left",[]],["right",["left"]]]' "right is taken for left"
publish tool.yaml right.yaml left.yaml
same "$(collection graph --format json | jq -c '[.recipes[] | select(.name == "left" or .name == "right") | [.name, .needs]]')" \
	'[["left",[]],["right",[]]]' "both are taken"
# whoever is asked for: the same keys, so that workflows of single calls find what they made
keys() { collection graph --format json "$@" | jq -r '.recipes[] | "\(.name) \(.inputKey)"' | sort; }
keys >"$tmp/keys.all"
keys "$tmp/collection/right.yaml" >"$tmp/keys.right"
keys "$tmp/collection/left.yaml" >"$tmp/keys.left"
same "$(sort -u "$tmp/keys.left" "$tmp/keys.right" | comm -23 - "$tmp/keys.all")" ""
collection graph --format make --store "$ALNAGE_STORE" --output "$tmp/out" --stamps "$tmp/stamps" --program "$alnage" >"$tmp/Makefile"
make -s -f "$tmp/Makefile" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "the workflow failed"; }
[ -e "$tmp/out/packages/x86_64/right-1-r0.apk" ] || fail "the workflow made nothing"

# ---- with the toolchain below: what neither recipes nor toolchain have comes from the repository, for /sysroot ----
mkdir -p "$tmp/cross/packages"
cp -R recipes/pipelines recipes/toolchain* "$tmp/cross/"
recipe "$tmp/cross/packages/wishes.yaml" wishes 1 busybox $'  dependencies:\n    runtime: [linux-headers]\n' <<<"  - runs: mkdir -p $out/usr/share"
recipe "$tmp/cross/packages/mixed.yaml" mixed 1 'busybox, wishes, zlib-dev' <<-END
	  - runs: |
	      mkdir -p "$out/usr/share"
	      ls /sysroot/usr/include/zlib.h /sysroot/usr/lib/libz.so.1 /usr/bin/make >"$out/usr/share/mixed"
END
expect 1 "'zlib-dev' is no group" package --recipes "$tmp/cross" "$tmp/cross/packages/mixed.yaml"
expect 0 '' package --recipes "$tmp/cross" "${sources[@]}" "$tmp/cross/packages/mixed.yaml"
same "$(packed mixed-1-r0 usr/share/mixed | wc -l)" 3
# what is made for /sysroot fits no native root, not even of a test in the same run
recipe "$tmp/cross/packages/tool.yaml" tool 9 busybox <<<"  - runs: mkdir -p $out/usr/bin; echo exit 1 >$out/usr/bin/tool; chmod +x $out/usr/bin/tool"
{
	seen
	printf 'test:\n  environment:\n    contents:\n      packages: [busybox, tool]\n  pipeline:\n    - runs: tool | grep "tool 5 of theirs"\n'
} | recipe "$tmp/ours/both.yaml" both 1 'busybox, tool'
expect 0 '' package --recipes "$tmp/cross" "${sources[@]}" --test "$tmp/cross/packages/tool.yaml" "$tmp/ours/both.yaml"
same "$(packed both-1-r0 usr/share/seen | head -n 1)" 'tool 5 of theirs'
# and the other way round, by force: native, whatever folder it lies in
recipe "$tmp/cross/packages/forced.yaml" forced 1 busybox <<<"  - runs: ls /usr/bin/make"
expect 1 "make: No such file" package --recipes "$tmp/cross" "${sources[@]}" --build-root repositories "$tmp/cross/packages/forced.yaml"
expect 1 'none is named' package --recipes "$tmp/cross" --build-root repositories "$tmp/cross/packages/forced.yaml"

# ---- pipelines find what they look for where busybox is all there is ----
recipe "$tmp/theirs/packages/fake-binutils.yaml" fake-binutils 1 busybox $'  dependencies:\n    provides: [binutils=1, scanelf=1]\n' <<-END
	  - runs: |
	      mkdir -p "$out/usr/bin"
	      printf '#!/bin/sh\necho "\$@" >>/home/build/stripped\n' >"$out/usr/bin/strip"
	      chmod +x "$out/usr/bin/strip"
END
publish tool.yaml fake-binutils.yaml
recipe "$tmp/ours/stripped.yaml" stripped 1 busybox <<-END
	  - runs: |
	      mkdir -p "$out/usr/bin" "$out/usr/share/a folder"
	      cp /usr/bin/busybox "$out/usr/bin/one"
	      cp /usr/bin/busybox "$out/usr/share/a folder/two"
	      printf '\177EL' >"$out/usr/share/short"
	      echo text >"$out/usr/share/text"
	  - uses: strip
	  - runs: cp /home/build/stripped "$out/usr/share/stripped"
END
expect 0 '' package "${sources[@]}" "$tmp/ours/stripped.yaml"
same "$(packed stripped-1-r0 usr/share/stripped)" '-g ./usr/bin/one
-g ./usr/share/a folder/two'

# ---- a busybox that leaves its links to a trigger: in a root, and in an image ----
recipe "$tmp/ours/lean.yaml" lean 1 busybox $'  dependencies:\n    runtime: [baselayout]\n    provides: [the-shell=1]\n' <<-END
	  - runs: |
	      mkdir -p "$out/usr/bin" "$out/etc/busybox-paths.d"
	      cp /usr/bin/busybox "$out/usr/bin/"
	      busybox --list-full >"$out/etc/busybox-paths.d/lean"
END
"$alnage" package --quiet "${sources[@]}" --package-key "$key" --output "$tmp/lean" "$tmp/ours/lean.yaml" >/dev/null
lean=("${sources[@]}" --repository "$tmp/lean/packages")
wants lean
expect 0 '' package "${lean[@]}" "$tmp/ours/wants.yaml"
printf 'contents:\n  repositories: ["%s", "%s"]\n  keyring: ["%s"]\n  packages: [lean]\nentrypoint:\n  command: /bin/sh\n' \
	"$tmp/repo" "$tmp/lean/packages" "$key.pub" >"$tmp/lean.yaml"
"$alnage" build --quiet --recipes "$tmp/collection" --output "$tmp/image" "${sources[@]}" "$tmp/lean.yaml" >/dev/null 2>&1 || fail "no image"
layer=$(jq -r '.manifests[0].digest' "$tmp/image/lean/index.json")
layer=$(jq -r '.layers[0].digest' "$tmp/image/lean/blobs/sha256/${layer#sha256:}")
tar -tzvf "$tmp/image/lean/blobs/sha256/${layer#sha256:}" | grep " usr/bin/sh -> /usr/bin/busybox" >/dev/null || fail "no shell in the image"
