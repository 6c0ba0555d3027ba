#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the builder puts into packages: licence texts and a bill of materials, the same bytes each time; what images
# keep of them; and that a changed test makes no new package.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq python3 git openssl
cp -R recipes "$tmp/recipes"
recipe=$tmp/recipes/packages/texts.yaml
# a run of its own, so that nothing is known of it
mark=$(basename "$tmp")

git init -q "$tmp/upstream"
printf 'Upstream says: do as you like.\n' >"$tmp/upstream/COPYING.upstream"
printf 'int main(void) { return 0; }\n' >"$tmp/upstream/license.c"
git -C "$tmp/upstream" add . && git -C "$tmp/upstream" -c user.name=t -c user.email=t@example.org commit -qm one
commit=$(git -C "$tmp/upstream" rev-parse HEAD)

# write_recipe [LICENSE-PATH [EXTRA-COMMAND [TEST [RUN-AS]]]]
write_recipe() {
	cat >"$recipe" <<END
package:
  name: texts
  version: 1
  epoch: 2
  description: Texts $mark
  url: https://example.org/texts
  commit: 0123456789abcdef0123456789abcdef01234567
  cpe:
    vendor: example
    product: texts
  copyright:
    - license: MIT
      attestation: Copyright 2026 Somebody
    - license: Our-Own-Terms
      license-path: ${1-legal/terms.txt}
environment:
  contents:
    packages:
      - busybox
pipeline:
  - uses: git-checkout
    with:
      repository: file://$tmp/upstream
      branch: $(git -C "$tmp/upstream" branch --show-current)
      expected-commit: $commit
  - runs: |
      mkdir -p legal LICENSES "\${{targets.destdir}}/usr/bin"
      echo 'These are our own terms.' >legal/terms.txt
      echo 'REUSE' >LICENSES/MIT.txt
      echo 'The licence' >Licence
      ln -s Licence LICENSE
      chmod 0755 Licence
      printf '#!/bin/sh\necho texts\n' >"\${{targets.destdir}}/usr/bin/texts"
      chmod 0755 "\${{targets.destdir}}/usr/bin/texts"
      ${2-true}
subpackages:
  - name: texts-more
    pipeline:
      - runs: |
          mkdir -p "\${{targets.subpkgdir}}/usr/share/texts-more" "\${{targets.subpkgdir}}/usr/share/licenses/texts-more"
          echo more >"\${{targets.subpkgdir}}/usr/share/texts-more/more"
          echo theirs >"\${{targets.subpkgdir}}/usr/share/licenses/texts-more/Licence"
  - name: texts-nothing
    description: Nothing in it
test:
  environment:
    accounts:
      run-as: ${4-build}
  pipeline:
    - runs: ${3-texts}
END
}
package() { "$alnage" package "$recipe" --recipes "$tmp/recipes" --output "$tmp/out" "$@"; }
apk=$tmp/out/packages/x86_64/texts-1-r2.apk
more=$tmp/out/packages/x86_64/texts-more-1-r2.apk
nothing=$tmp/out/packages/x86_64/texts-nothing-1-r2.apk
paths() { tar -tzf "$1" 2>/dev/null | grep -E "^($2)" || true; }
content() { tar -xzOf "$1" "$2" 2>/dev/null; }

# ---- the commit of the recipe is in all packages ----
write_recipe
package --quiet
for each in "$apk" "$more" "$nothing"; do
	same "$(content "$each" .PKGINFO | grep '^commit')" "commit = 0123456789abcdef0123456789abcdef01234567" "$each"
done

# ---- licence texts ----
same "$(paths "$apk" 'usr/share/licenses/.*[^/]$' | grep -E '\.[a-z]|Lic' | sort | tr '\n' ' ')" \
	"usr/share/licenses/texts/COPYING.upstream usr/share/licenses/texts/LICENSES/MIT.txt usr/share/licenses/texts/Licence usr/share/licenses/texts/legal/terms.txt "
same "$(content "$apk" usr/share/licenses/texts/legal/terms.txt)" "These are our own terms."
tar -tvzf "$apk" 2>/dev/null | grep '^-rw-r--r-- .*licenses/texts/Licence' >/dev/null || fail "a licence text is not 0644"
same "$(content "$more" usr/share/licenses/texts-more/Licence)" theirs "what the recipe installed itself"
same "$(content "$more" usr/share/licenses/texts-more/COPYING.upstream)" "Upstream says: do as you like."
same "$(paths "$nothing" usr/share/licenses)" "" "licence texts of a package without files"

# ---- the bill of materials ----
content "$apk" var/lib/db/sbom/texts-1-r2.spdx.json >"$tmp/texts.json"
content "$more" var/lib/db/sbom/texts-more-1-r2.spdx.json >"$tmp/more.json"
content "$nothing" var/lib/db/sbom/texts-nothing-1-r2.spdx.json >"$tmp/nothing.json"
get() { jq -r "$1" "$tmp/texts.json"; }
same "$(get .spdxVersion)" SPDX-2.3
same "$(get .creationInfo.created)" 2026-01-01T00:00:00Z
same "$(get '.packages[0] | "\(.name) \(.versionInfo) \(.licenseDeclared) \(.homepage)"')" \
	"texts 1-r2 MIT AND LicenseRef-Our-Own-Terms https://example.org/texts"
same "$(get '.packages[0].copyrightText')" "Copyright 2026 Somebody"
same "$(get '.packages[0].externalRefs[] | select(.referenceType == "purl") | .referenceLocator')" "pkg:apk/alnage/texts@1-r2?arch=x86_64"
get '.packages[0].externalRefs[].referenceLocator' | grep '^cpe:2.3:a:example:texts:1' >/dev/null || fail "no CPE"
same "$(jq -r '.packages[0].externalRefs[0].referenceLocator' "$tmp/more.json")" \
	"pkg:apk/alnage/texts-more@1-r2?arch=x86_64&upstream=texts"
same "$(get '.hasExtractedLicensingInfos[] | "\(.licenseId) \(.extractedText)"')" "LicenseRef-Our-Own-Terms These are our own terms."
same "$(get '.packages[1] | "\(.primaryPackagePurpose) \(.name) \(.sourceInfo) \(.checksums[0].checksumValue | length)"')" \
	"SOURCE texts Origin: upstream 64"
same "$(get '.relationships | map("\(.spdxElementId) \(.relationshipType) \(.relatedSpdxElement)") | join(", ")')" \
	"SPDXRef-DOCUMENT DESCRIBES SPDXRef-Package, SPDXRef-Package GENERATED_FROM SPDXRef-Source-1"
! grep -q "$tmp" "$tmp/texts.json" || fail "the bill of materials names a path of this machine"
shared=${ALNAGE_SHARED:-../shared}
if [ -d "$shared/schemas/spdx-2.3" ] && python3 -c 'import jsonschema' 2>/dev/null; then
	for schema in "$shared"/schemas/spdx-2.3/spdx-schema-*.json; do
		python3 - "$schema" "$tmp/texts.json" "$tmp/more.json" "$tmp/nothing.json" <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    jsonschema.validators.validator_for(schema)(schema).validate(json.load(open(path)))
END
	done
else
	echo "SKIP: SPDX schema: not at hand"
fi

# ---- the same bytes again ----
cp "$apk" "$tmp/first.apk"
find "$ALNAGE_STORE/packages" -type f -newer "$recipe" -exec grep -q '"recipe":"texts"' {} \; -delete
rm -rf "$tmp/out"
package >"$tmp/said" 2>&1
grep -q 'texts-1-r2: 3 packages' "$tmp/said" || { cat "$tmp/said"; fail "it was not built again"; }
cmp "$apk" "$tmp/first.apk"

# ---- a changed test is no new build, and is run; what a killed run left goes ----
write_recipe legal/terms.txt true 'texts | grep -x texts'
touch -d '2 hours ago' "${apk%/*}/.alnage-0123.tmp"
package --test >"$tmp/said" 2>&1
[ ! -e "${apk%/*}/.alnage-0123.tmp" ] || fail "temporary files stay beside packages for ever"
! grep -q 'texts-1-r2: 3 packages' "$tmp/said" || fail "a changed test made the package again"
cmp "$apk" "$tmp/first.apk"
write_recipe legal/terms.txt true false
expect 1 'test of texts.*failed' package --test
# ---- who runs a test ----
# shellcheck disable=SC2016
for user in 4321:4321 nobody:65534 build:1000; do
	write_recipe legal/terms.txt true "test \"\$(id -u)\" = ${user#*:}" "${user%:*}"
	package --test >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "run-as ${user%:*} is not uid ${user#*:}"; }
done
write_recipe legal/terms.txt true true root
expect 1 'run-as root: no step runs as root' package --test
write_recipe legal/terms.txt true true nobody-knows
expect 1 'run-as nobody-knows: the root has no such user' package --test

write_recipe legal/terms.txt 'echo changed'
package >"$tmp/said" 2>&1
grep -q 'texts-1-r2: 3 packages' "$tmp/said" || fail "a changed step did not make the package again"

# ---- refusals ----
write_recipe legal/other.txt
expect 1 'texts.yaml: license-path: .*legal/other.txt' package
for path in /etc/passwd ../../etc/passwd LICENSE legal; do
	write_recipe "$path"
	expect 1 'texts.yaml' package
	expect 1 'license-path' package
done
# shellcheck disable=SC2016
write_recipe legal/terms.txt 'mkdir -p "${{targets.destdir}}/var/lib/db/sbom" && echo {} >"${{targets.destdir}}/var/lib/db/sbom/texts-1-r2.spdx.json"'
expect 1 'var/lib/db/sbom/texts-1-r2.spdx.json: made by the recipe' package

# ---- signatures: SHA-256, and SHA-1 only if it is asked for ----
"$alnage" keygen --type rsa --bits 2048 "$tmp/package.rsa" >/dev/null
openssl pkey -in "$tmp/package.rsa" -pubout -out "$tmp/package.pub" 2>/dev/null
write_recipe
package --package-key "$tmp/package.rsa" --quiet
same "$(tar -tzf "$apk" 2>/dev/null | head -n 2 | tr '\n' ' ')" ".SIGN.RSA256.package.rsa.pub .PKGINFO "
expect 0 'SHA-1 is broken' package --package-key "$tmp/package.rsa" --sha1-signatures
same "$(tar -tzf "$apk" 2>/dev/null | head -n 3 | tr '\n' ' ')" ".SIGN.RSA.package.rsa.pub .SIGN.RSA256.package.rsa.pub .PKGINFO "
python3 - "$apk" "$tmp/control.gz" <<'END'
import sys, zlib
data = open(sys.argv[1], "rb").read()
first = zlib.decompressobj(31)
first.decompress(data)
second = zlib.decompressobj(31)
second.decompress(first.unused_data)
open(sys.argv[2], "wb").write(first.unused_data[:len(first.unused_data) - len(second.unused_data)])
END
for pair in RSA:sha1 RSA256:sha256; do
	content "$apk" ".SIGN.${pair%:*}.package.rsa.pub" >"$tmp/signature"
	openssl dgst "-${pair#*:}" -verify "$tmp/package.pub" -signature "$tmp/signature" "$tmp/control.gz" >/dev/null ||
		fail "the signature of kind ${pair%:*} does not hold"
done

# ---- images ----
write_recipe
make_image() { # FLAVOUR: paths in its layer
	cat >"$tmp/recipes/images/texts.yaml" <<END
contents:
  packages: [baselayout, busybox, musl, texts, texts-more]
flavour: $1
entrypoint:
  command: /usr/bin/texts
archs: [x86_64]
END
	"$alnage" build "$tmp/recipes/images/texts.yaml" --recipes "$tmp/recipes" --output "$tmp/$1" --quiet
	local layout=$tmp/$1/texts manifest
	manifest=$(jq -r '.manifests[0].digest' "$layout/index.json")
	tar -tzf "$layout/blobs/sha256/$(jq -r '.layers[0].digest' "$layout/blobs/sha256/${manifest#sha256:}" | cut -d: -f2)" >"$tmp/$1.txt"
}
make_image base
grep -qx var/lib/db/sbom/texts-1-r2.spdx.json "$tmp/base.txt" || fail "a base image lacks a bill of materials"
grep -qx usr/share/licenses/texts/COPYING.upstream "$tmp/base.txt" || fail "a base image lacks licence texts"
make_image app
! grep -q var/lib/db/sbom/ "$tmp/app.txt" || fail "an app image keeps bills of materials"
for path in usr/share/licenses/texts/COPYING.upstream usr/share/licenses/musl/COPYRIGHT usr/lib/apk/db/installed; do
	grep -qx "$path" "$tmp/app.txt" || fail "an app image lacks $path"
done
! grep -q texts-more "$tmp/app.txt" || fail "an app image keeps licence texts of a package that it uses nothing of"
echo OK
