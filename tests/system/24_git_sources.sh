#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Git sources: tags, branches, submodules, cherry-picks and sparse paths from repositories made here;
# what does not lead to the expected commit is refused; nothing of the repository runs.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq git python3
cp -R recipes "$tmp/recipes"
recipe=$tmp/recipes/packages/fromgit.yaml
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE='1750000000 +0000' GIT_COMMITTER_DATE='1750000000 +0000'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# ---- repositories ----
git init -q -b main "$tmp/library"
echo library >"$tmp/library/library.txt"
git -C "$tmp/library" add -A
git -C "$tmp/library" commit -qm library
work=$tmp/work
git init -q -b main "$work"
g() { git -C "$work" "$@"; }
mkdir -p "$work/src" "$work/doc"
echo one >"$work/src/code"
echo manual >"$work/doc/manual"
printf '#!/bin/sh\n' >"$work/run"
chmod +x "$work/run"
ln -s src/code "$work/link"
g add -A
g commit -qm first
first=$(g rev-parse HEAD)
g tag light
g tag -a annotated -m 'a tag'
annotated=$(g rev-parse refs/tags/annotated)
echo two >"$work/src/code"
g commit -qam second
second=$(g rev-parse HEAD)
g -c protocol.file.allow=always submodule --quiet add "file://$tmp/library" lib
g commit -qm submodule
third=$(g rev-parse HEAD)
g checkout -q -b fixes "$first" 2>/dev/null # the submodule's folder stays
echo fixed >"$work/fix"
g add fix
g commit -qm fix
fix=$(g rev-parse HEAD)
echo three >"$work/src/code"
g commit -qam conflict
conflict=$(g rev-parse HEAD)
g checkout -q main
uri=file://$work

# write_recipe SCRIPT STEPS: each line of STEPS is "destination: key=value key=value"
write_recipe() {
	{
		cat <<END
package:
  name: fromgit
  version: 1
  epoch: 0
  description: Made from checkouts $(basename "$tmp")
  copyright:
    - license: Apache-2.0
environment:
  contents:
    packages:
      - busybox
pipeline:
END
		python3 - "$2" <<'END'
import sys
for line in sys.argv[1].strip().splitlines():
    destination, rest = line.split(":", 1)
    print("  - uses: git-checkout\n    with:\n      destination: " + destination.strip())
    for pair in rest.strip().split(";"):
        key, value = pair.strip().split("=", 1)
        print(f"      {key}: |-\n        " + value.replace("\\n", "\n        "))
END
		printf '  - runs: |\n'
		sed 's/^/      /' <<<"$1"
		# shellcheck disable=SC2016
		printf '      mkdir -p "${{targets.destdir}}/usr/share"; echo x >"${{targets.destdir}}/usr/share/x"\n'
	} >"$recipe"
}
package() { "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" --quiet "$@"; }

# ---- everything that has to work ----
write_recipe "$(cat <<'END'
cmp light/src/code - <<X
one
X
for each in light annotated object ancestor bare; do
  [ "$(cat $each/src/code)" = one ]
  [ -x $each/run ] && [ ! -x $each/doc/manual ]
  [ "$(readlink $each/link)" = src/code ]
  [ -d $each/.git ] && [ ! -e $each/lib ]
  [ "$(stat -c %Y $each/run)" = 1750000000 ]
done
[ "$(cat tip/src/code)" = two ]
[ -z "$(ls tip/lib)" ]
[ "$(cat modules/lib/library.txt)" = library ]
[ ! -e modules/lib/.git ]
[ "$(cat picked/fix)" = fixed ] && [ "$(cat picked/src/code)" = two ]
[ -e sparse/src/code ] && [ -e sparse/run ] && [ ! -e sparse/doc ]
[ "$(find . -name .git | wc -l)" -eq 9 ] # one each, and none of a submodule
END
)" "
light: repository=$uri; tag=light; expected-commit=$first
annotated: repository=$uri; tag=annotated; expected-commit=$first
object: repository=$uri; tag=annotated; expected-commit=$annotated
ancestor: repository=$uri; branch=main; expected-commit=$first
bare: repository=$uri; expected-commit=$first
tip: repository=$uri; branch=main; expected-commit=$third; expected-commit-is-branch-tip=true
modules: repository=$uri; branch=main; expected-commit=$third; recurse-submodules=true
picked: repository=$uri; branch=main; expected-commit=$second; cherry-picks=# why\n$fix: by its name\n
sparse: repository=$uri; tag=light; expected-commit=$first; sparse-paths=src
"
# hooks of the machine's templates, and settings of the person, must not matter
mkdir -p "$tmp/home/hooks"
printf '#!/bin/sh\ntouch %s\n' "$tmp/hook-ran" >"$tmp/home/hooks/post-checkout"
chmod +x "$tmp/home/hooks/post-checkout"
printf '[core]\n\thooksPath = %s\n\tautocrlf = true\n[url "file:///nowhere/"]\n\tinsteadOf = file://%s\n' \
	"$tmp/home/hooks" "$tmp" >"$tmp/home/config"
GIT_CONFIG_GLOBAL=$tmp/home/config package >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "checkouts"; }
[ ! -e "$tmp/hook-ran" ] || fail "a hook was run"
grep -q "$annotated is the annotated tag" "$tmp/said" || fail "no word about the tag object"

# ---- the history that goes along: what versions are made of, and nothing to commit ----
for record in "$ALNAGE_STORE"/git/*; do
	[ "$record" -nt "$recipe" ] || continue # another test's
	read -r _ commit blob _ <"$record"
	rm -rf "$tmp/unpacked"
	mkdir "$tmp/unpacked"
	tar -x --no-same-owner -C "$tmp/unpacked" -f "$(find "$ALNAGE_STORE/blobs" -name "*${blob: -60}" | head -n 1)"
	u() { git -C "$tmp/unpacked" "$@"; }
	same "$(u status --porcelain)" '' "git status of $commit"
	described=$(u describe --tags --always --dirty)
	case $(u log --format=%s | tr '\n' ' ')$(u tag) in
	'first ') same "$described" "${first:0:7}" ;;
	'first light' | 'first annotated') same "$described" "$(u tag)" ;;
	'second ' | 'submodule ') same "$described" "$(u rev-parse --short "$commit")" ;;
	'fix second ') same "$(u rev-parse HEAD^)" "$second" "what was picked onto" ;;
	*) fail "$commit: another history: $(u log --format=%s)" ;;
	esac
	case $(u log -1 --format=%s) in
	submodule) same "$(u symbolic-ref HEAD)" refs/heads/main ;;
	fix) u log -1 --format=%B%ct | grep "cherry picked from commit $fix" >/dev/null || fail "no word of the picked commit"
		same "$(u log -1 --format=%ct)" 1750000000 ;;
	esac
	histories=$((${histories:-0} + 1))
done
[ "${histories:-0}" -ge 9 ] || fail "only ${histories:-0} histories"
! grep -rq "$tmp" "$tmp/unpacked/.git" || fail "the history names a folder of this machine"

# ---- known the next time, without the repository ----
sed -i 's/^  version: 1$/  version: 2/' "$recipe"
mv "$work" "$work.away"
expect 0 '' package --offline
mv "$work.away" "$work"

# ---- the same bytes from another store ----
blobs() { cut -d' ' -f2,3 "$1"/git/* | sort; }
ALNAGE_STORE=$tmp/store expect 1 '.' "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" \
	--quiet --offline
sed "s/^  version: 2$/  version: 3/" -i "$recipe"
# the toolchain is not in that store; the checkouts come first
ALNAGE_STORE=$tmp/store package --mirror http://127.0.0.1:1/ >/dev/null 2>&1 || true
[ "$(find "$tmp/store/git" -type f | wc -l)" -eq 9 ] || fail "not all were fetched"
for record in "$tmp/store/git"/*; do
	cmp "$record" "$ALNAGE_STORE/git/$(basename "$record")" || fail "another checkout"
done

# ---- the provenance names the commit, and not where the repository lies ----
cat >"$tmp/recipes/images/fromgit.yaml" <<'END'
contents:
  packages:
    - baselayout
    - fromgit
archs:
  - x86_64
END
make_keys
digest=$("$alnage" build "$tmp/recipes/images/fromgit.yaml" --recipes "$tmp/recipes" --output "$tmp/out" \
	--quiet --json --key "$tmp/keys/image.key" | jq -r .digest)
layout=$tmp/out/fromgit
statement() { # TYPE
	local attestations
	attestations=$(jq -r --arg tag "sha256-${digest#sha256:}.att" \
		'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$layout/index.json")
	jq -r --arg type "$1" '.layers[] | select(.annotations.predicateType == $type) | .digest' \
		"$layout/blobs/sha256/${attestations#sha256:}" | sed "s|^sha256:|$layout/blobs/sha256/|" |
		xargs jq -r .payload | base64 -d
}
statement https://slsa.dev/provenance/v1 >"$tmp/provenance.json"
for commit in "$first" "$second" "$third"; do
	jq -e --arg commit "$commit" '.predicate.buildDefinition.resolvedDependencies[] |
		select(.digest.gitCommit == $commit and .uri == "git+file:work" and .annotations.checkoutDigest)' \
		"$tmp/provenance.json" >/dev/null || fail "the provenance does not name $commit"
done
! grep -q "$tmp" "$tmp/provenance.json" || fail "the provenance names a folder of this machine"
statement https://spdx.dev/Document >"$tmp/spdx.json"
grep -q "git+file:work@$second" "$tmp/spdx.json" || fail "the SBOM does not name the commit"

# ---- what has to be refused ----
refuse() { # STATUS TEXT STEP
	write_recipe true "x: $3"
	expect "$1" "$2" package
}
refuse 1 "tag light is commit $first, not $second" "repository=$uri; tag=light; expected-commit=$second"
refuse 1 "branch main does not lead to commit $fix" "repository=$uri; branch=main; expected-commit=$fix"
refuse 1 'git fetch failed' "repository=$uri; tag=none; expected-commit=$first"
refuse 1 '(has no|not our ref)' "repository=$uri; expected-commit=0123456789abcdef0123456789abcdef01234567"
refuse 1 'cherry-pick .* failed' \
	"repository=$uri; branch=main; expected-commit=$second; cherry-picks=$conflict: does not fit"
refuse 1 "cherry-pick $second.*failed.*empty" \
	"repository=$uri; branch=main; expected-commit=$second; cherry-picks=$second: is there already"
refuse 1 "branch main ends in commit $third, not $second" \
	"repository=$uri; branch=main; expected-commit=$second; expected-commit-is-branch-tip=true"
refuse 1 'fromgit.yaml:13:5: .*needs branch' "repository=$uri; tag=light; expected-commit=$first; expected-commit-is-branch-tip=true"
refuse 1 "recurse-submodules is true or false, not 'yes'" "repository=$uri; expected-commit=$first; recurse-submodules=yes"
refuse 1 'is not "\[branch/\]commit: comment"' \
	"repository=$uri; branch=main; expected-commit=$second; cherry-picks=$fix"
refuse 1 'names no whole commit' \
	"repository=$uri; branch=main; expected-commit=$second; cherry-picks=abc: short"
refuse 3 'no expected-commit' "repository=$uri; tag=light"
refuse 1 'fetched by https' "repository=http://example.org/x; expected-commit=$first"
refuse 1 'fetched by https' "repository=ssh://example.org/x; expected-commit=$first"
refuse 1 'fetched by https' "repository=ext::sh; expected-commit=$first"
refuse 1 'no name of git' "repository=$uri; tag=--upload-pack=x; expected-commit=$first"
refuse 1 'no name of git' "repository=$uri; branch=a..b; expected-commit=$first"

# a submodule with a protocol that runs programs
g config -f .gitmodules submodule.lib.url "ext::sh -c touch% $tmp/ran"
g commit -qam evil
evil=$(g rev-parse HEAD)
refuse 1 "submodule failed.*not allowed" \
	"repository=$uri; branch=main; expected-commit=$evil; recurse-submodules=true"
[ ! -e "$tmp/ran" ] || fail "the submodule's program was run"

# unpinned, if the person says so
write_recipe '[ "$(cat x/src/code)" = one ]' "x: repository=$uri; tag=light"
expect 0 '' package --allow-unpinned
