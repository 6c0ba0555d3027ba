#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every foreign library has one door: the only files that include its header.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
door() { # pattern of the header, then the files that may include it
	local pattern=$1 file allowed
	shift
	while read -r file; do
		allowed=no
		# shellcheck disable=SC2053 # doors are patterns
		for door; do [[ $file == $door ]] && allowed=yes; done
		[ $allowed = yes ] || { echo "$file: includes <$pattern>; its door is $*"; status=1; }
	done < <(grep -lE "^#include <($pattern)" -r base oci signing attest builder cli --include='*.[ch]' | sort)
}
door 'archive(_entry)?\.h' base/archive.c base/archive_library.c
door 'zstd|zlib|libdeflate' 'base/compress*.c'
door 'curl/' 'base/http*.c' base/http_private.h
door 'yaml\.h' base/yaml.c
door 'seccomp\.h' base/confine_filter.c builder/sandbox/filter.c
door 'libelf|gelf|elf\.h' 'builder/package/elf*.c' builder/package/elf_file_private.h
door 'p11-kit/' signing/pkcs11.c
door 'openssl/' base/digest.c 'signing/*.c' 'signing/*_private.h'
# jansson: inside the .c files of formats, in no header
while read -r file; do
	echo "$file: a header must not include jansson"
	status=1
done < <(grep -lE '^#include <jansson' -r base oci signing attest builder cli --include='*.h')
exit $status
