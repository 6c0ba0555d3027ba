#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# apk-tools 2.14 or 3.0 (APK=PATH, or apk in PATH; Debian has none) installs what we export, signatures checked. We make
# an image with a package that Alpine built (from the testdata of the Go module sigstore/rekor, or ALPINE_APK=FILE)
# and an index that apk-tools made; and read an index of Alpine's (APKO=a checkout of chainguard-dev/apko).
# shellcheck source=tests/interop/lib.sh
source "$(dirname "$0")/lib.sh"

export ALNAGE_STORE=${ALNAGE_TEST_STORE:-${ALNAGE_STORE:-${XDG_CACHE_HOME:-$HOME/.cache}/alnage}}
unset ALNAGE_PASSWORD # keys without one
apk_program=${APK:-$(command -v apk)}
for name in package other; do
	passes "alnage makes the key $name" "$alnage" keygen --type rsa --bits 2048 "$work/$name.rsa"
done
passes "alnage exports signed packages" "$alnage" package --package-key "$work/package.rsa" --output "$work/ours" \
	recipes/packages/{musl,baselayout,busybox,bzip2,zlib}.yaml || finish
exported=$work/ours/packages

# ---- ours, installed by apk ----

new_root() { # NAME KEY: an empty root that trusts the key
	root=$work/$1
	mkdir -p "$root/etc/apk/keys" "$root/usr/lib"
	ln -s usr/lib "$root/lib" # else --initdb makes a folder of it, in the way of the link in baselayout
	cp "$work/$2.rsa.pub" "$root/etc/apk/keys/package.rsa.pub"
}
apk() { "$apk_program" --root "$root" --arch x86_64 --no-cache --no-progress --repository "$1" "${@:2}"; }
spoil() { # FILE OFFSET-FROM-END: changes one bit
	python3 - "$1" "$2" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(-int(sys.argv[2]), 2)
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 1]))
END
}
if [ -z "$apk_program" ]; then
	not_run "apk installs our packages" "no apk: set APK"
else
	called="apk $("$apk_program" --version | sed -nE 's/^apk-tools ([^,]*).*/\1/p')"
	new_root good package
	passes "$called adds from our index" apk "$exported" --initdb add baselayout busybox bzip2 zlib
	passes "$called knows what is installed" apk "$exported" info -e busybox zlib musl
	passes "$called finds every file as the package says" apk "$exported" audit --check-permissions --system
	passes "what was installed runs" chroot "$root" /usr/bin/busybox true
	good=$root
	passes "$called finds nothing to upgrade" apk "$exported" upgrade --simulate
	for file in "$exported"/x86_64/*.apk; do
		passes "$called verify $(basename "$file")" "$apk_program" --keys-dir "$root/etc/apk/keys" verify "$file"
	done

	# what the programs say of our packages is what our index says of them
	records() { # INDEX: sorted by package, its lines sorted; empty ones are written by some only
		tar -xzOf "$1" APKINDEX 2>/dev/null | python3 -c '
import sys
for record in sorted(sys.stdin.read().strip().split("\n\n"), key=lambda r: sorted(r.splitlines())):
    print("\n".join(sorted(line for line in record.splitlines() if line[2:])) + "\n")'
	}
	passes "$called makes an index of our packages" "$apk_program" index --keys-dir "$root/etc/apk/keys" \
		-o "$work/theirs.tar.gz" "$exported"/x86_64/*.apk
	records "$work/theirs.tar.gz" >"$work/theirs"
	records "$exported/x86_64/APKINDEX.tar.gz" >"$work/own"
	passes "its records are those of our index" diff -u "$work/own" "$work/theirs"

	# the database of images, of which one is pruned
	for flavour in base app; do
		{
			printf 'contents:\n  packages: [baselayout, busybox, bzip2]\nflavour: %s\narchs: [x86_64]\n' "$flavour"
			printf 'entrypoint:\n  command: /usr/bin/busybox\nkeep: [/etc/passwd]\n'
		} >"$work/$flavour.yaml"
		[ "$flavour" = app ] || sed -i /keep/d "$work/$flavour.yaml"
		passes "alnage makes an image of flavour $flavour" "$alnage" build "$work/$flavour.yaml" --output "$work/images"
		root=$work/root-$flavour layout=$work/images/$flavour
		mkdir "$root"
		digest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "latest") | .digest' "$layout/index.json")
		digest=$(jq -r '.layers[0].digest' "$layout/blobs/sha256/${digest#sha256:}")
		tar -xzpf "$layout/blobs/sha256/${digest#sha256:}" -C "$root"
		installed() { "$apk_program" --root "$root" --no-network --no-cache "$@"; }
		# busybox has it, too; bzip2 replaces that
		[ "$flavour" = app ] || passes "$called and the image have the same bunzip2" cmp "$good/usr/bin/bunzip2" "$root/usr/bin/bunzip2"
		passes "$called knows the packages of the image" installed info -e baselayout busybox musl
		# every file it lists is there, and every file that is there it lists or the image makes
		listed() {
			for package in $(installed info); do
				installed info -L "$package" | sed '1d; /^$/d; s|^/*||'
			done | sort
		}
		passes "$called lists the files of the image" diff <(listed) <(cd "$root" && find . ! -type d | sed 's|^\./||' |
			grep -vE '^(etc/apk/(arch|world)|usr/lib/apk/db/(installed|scripts.tar|triggers))$' | sort)
		passes "$called finds every file of the image as its database says" installed audit --check-permissions --system
		audit=$(installed audit --check-permissions --full 2>&1)
		passes "what it finds besides is made by the image alone" test "$(grep -vE '^D usr/lib/apk/$|^A usr/lib/apk/' <<<"$audit")" = ""
		passes "$called has nothing to fix in the image" installed fix --simulate
		passes "$called could remove a package from the image" installed del --simulate busybox
	done

	new_root other-key other
	refuses "$called with another key" 'BAD signature|UNTRUSTED' apk "$exported" --initdb add zlib
	cp -R "$exported" "$work/spoilt"
	spoil "$(echo "$work"/spoilt/x86_64/zlib-[0-9]*.apk)" 200
	new_root spoilt-package package
	refuses "$called with a changed package" 'BAD|corrupt|IO ERROR|I/O error|unexpected|invalid or inconsistent' apk "$work/spoilt" --initdb add zlib
	cp "$exported"/x86_64/*.apk "$work/spoilt/x86_64/"
	cp "$(echo "$exported"/x86_64/musl-[0-9]*.apk)" "$(echo "$work"/spoilt/x86_64/zlib-[0-9]*.apk)"
	new_root swapped package
	refuses "$called with another of our packages under its name" 'BAD|corrupt|unexpected|mismatch|wrong|integrity error' apk "$work/spoilt" --initdb add zlib
	cp "$exported"/x86_64/*.apk "$work/spoilt/x86_64/"
	spoil "$work/spoilt/x86_64/APKINDEX.tar.gz" 60
	new_root spoilt-index package
	refuses "$called with a changed index" 'BAD|corrupt|UNTRUSTED|unexpected|unable' apk "$work/spoilt" --initdb add zlib
fi

# ---- Alpine's, read by us ----

mkdir -p "$work/alpine/x86_64"
index=$work/alpine/x86_64/APKINDEX.tar.gz
sign_index() { # as a mirror of one's own would: a member of its own before the index, whose own is dropped
	python3 - "$index" "$work/package.rsa" package.rsa.pub <<'END'
import gzip, io, subprocess, sys, tarfile, zlib
path, key, name = sys.argv[1:]
data = open(path, "rb").read()
member = zlib.decompressobj(31)
if b".SIGN." in member.decompress(data)[:16]:
    data = member.unused_data
signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=data, stdout=subprocess.PIPE, check=True).stdout
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as out:
    info = tarfile.TarInfo(".SIGN.RSA256." + name)
    info.size = len(signature)
    out.addfile(info, io.BytesIO(signature))
# no end of the archive here: it goes on
open(path, "wb").write(gzip.compress(tar.getvalue()[:512 + (len(signature) + 511) // 512 * 512]) + data)
END
}
image() { # KEY PACKAGE
	printf 'contents:\n  repositories: ["%s"]\n  keyring: ["%s"]\n  packages: [baselayout, %s]\narchs: [x86_64]\n' \
		"$work/alpine" "$1" "$2" >"$work/image.yaml"
}
build() { "$alnage" build "$work/image.yaml" --recipes "$recipes" --output "$work/built" --quiet; }
recipes=$work/recipes
mkdir -p "$recipes/packages"
cp -R recipes/pipelines recipes/toolchain* "$recipes/"
cp recipes/packages/{musl,busybox,baselayout}.yaml "$recipes/packages/"
stand_in() { # NAME VERSION EPOCH: a recipe for what is not here; standard input: names that it provides
	{
		printf 'package:\n  name: %s\n  version: "%s"\n  epoch: %s\n  description: stands in\n' "$@"
		printf '  dependencies:\n    provides:\n'
		sed 's/.*/      - &=1/'
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages: [busybox]\npipeline:\n'
		# shellcheck disable=SC2016 # for the recipe
		printf '  - runs: mkdir -p "${{targets.destdir}}/usr/share"; echo data >"${{targets.destdir}}/usr/share/data"\n'
	} >"$recipes/packages/$1.yaml"
}

file=${ALPINE_APK:-}
if [ -z "$file" ] && command -v go >/dev/null; then
	folder=$(cd "$work" && GOMODCACHE=${GOMODCACHE:-/var/tmp/alnage-go} GOFLAGS=-mod=mod \
		go mod download -json github.com/sigstore/rekor@v1.3.8 2>/dev/null | jq -r '.Dir // empty')
	file=$folder/pkg/types/alpine/tests/test_alpine.apk
fi
if [ ! -f "$file" ] || [ -z "$apk_program" ]; then
	not_run "a package of Alpine's in an image" "no apk, or no package: set APK, ALPINE_APK, or install go"
else
	info=$(tar -xzOf "$file" .PKGINFO 2>/dev/null)
	name=$(sed -n 's/^pkgname = //p' <<<"$info") version=$(sed -n 's/^pkgver = //p' <<<"$info")
	{
		echo stand-in-for-all
		sed -nE 's/^depend = ([^<>=~]*).*/\1/p' <<<"$info"
	} | stand_in stand-in 1 0
	cp "$file" "$work/alpine/x86_64/$name-$version.apk"
	passes "$called makes an index of $name-$version" "$apk_program" index --allow-untrusted \
		-o "$index" "$work/alpine/x86_64/$name-$version.apk"
	image "$work/package.rsa.pub" "$name"
	refuses "alnage with an index that is not signed" 'is not signed' build
	passes "that index signed" sign_index
	passes "alnage makes an image with Alpine's $name-$version" build
	image "$work/other.rsa.pub" "$name"
	refuses "alnage with another key for the index" 'is not signed' build
	cp -R "$work/alpine" "$work/changed"
	spoil "$work/changed/x86_64/$name-$version.apk" 500
	image "$work/package.rsa.pub" "$name"
	sed -i "s|$work/alpine|$work/changed|" "$work/image.yaml"
	refuses "alnage with a changed package of Alpine's" "$name-$version" build
fi

alpine=${APKO:-}/pkg/apk/apk/testdata/alpine-316
if [ ! -d "$alpine" ]; then
	not_run "an index of Alpine's" "set APKO to a checkout of chainguard-dev/apko"
else
	cp "$alpine"/*.apk "$alpine/APKINDEX.tar.gz" "$work/alpine/x86_64/"
	image "$(echo "$alpine"/*.rsa.pub)" alpine-baselayout
	refuses "Alpine's index, signed with SHA-1" 'is signed with SHA-1 only' build
	printf '%s\n' /bin/sh so:libc.musl-x86_64.so.1 | stand_in alpine-baselayout-data 3.2.0 23
	passes "that index of 4929 packages, signed with SHA-256" sign_index
	# that file was built for aarch64, and the index is of x86_64
	image "$work/package.rsa.pub" alpine-baselayout
	refuses "alnage with a package that the index does not mean" 'is not the package that the index names' build
fi
finish
