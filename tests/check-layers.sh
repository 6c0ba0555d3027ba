#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file includes only from its own layer and those below; inside builder/ too.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
parts="builder/recipe builder/tree builder/source builder/sandbox builder/package builder/image builder/audit"
# folder: folders it may include from (itself is always allowed)
declare -A below=(
	[base]=""
	[oci]="base"
	[signing]="base"
	[attest]="base oci signing"
	[builder/recipe]="base"
	[builder/tree]="base"
	[builder/source]="base builder/recipe builder/tree builder/sandbox"
	[builder/sandbox]="base"
	[builder/package]="base signing builder/recipe builder/tree"
	[builder/image]="base oci builder/recipe builder/tree builder/package"
	[builder/audit]="base builder/recipe builder/tree builder/package"
	[builder/plan]="base signing attest builder/recipe builder/source builder/package builder/image"
	[builder/make]="base attest $parts builder/plan"
	[builder]="base oci signing attest $parts builder/plan builder/make"
	[cli]="base oci signing attest builder $parts builder/plan builder/make"
)
checked=0
while read -r file; do
	folder=$(dirname "$file")
	if [ -z "${below[$folder]+set}" ]; then
		echo "$file: the folder $folder is in no layer (tests/check-layers.sh)"
		status=1
		continue
	fi
	while read -r included; do
		target=$(dirname "$included")
		checked=$((checked + 1))
		[ "$target" = "$folder" ] && continue
		case " ${below[$folder]} " in
		*" $target "*) ;;
		*) echo "$file: includes $included: $folder is not above $target"; status=1 ;;
		esac
		case $included in
		*_private.h) echo "$file: includes $included, which is for its own folder"; status=1 ;;
		esac
	done < <(sed -nE 's/^#include "([^"]+)".*/\1/p' "$file")
done < <(find base oci signing attest builder cli -name '*.[ch]' | sort)
[ "$checked" -gt 100 ] || { echo "only $checked includes were looked at"; status=1; }
exit $status
