#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Plans all recipes of a checkout of wolfi-dev/os with `alnage graph`, against a repository that has everything they name:
#
#	WOLFI=DIR tests/wolfi-graph.sh
#
# WOLFI is the checkout, not part of this project; without it there is nothing to do (exit 77). The index is made up
# from the recipes themselves (packages, what they declare, and older versions where a recipe asks for one) and signed
# here; nothing is fetched. Fails unless all are planned, and unless a recipe alone has the key that it has among all.
set -euo pipefail
alnage=${BUILD:-build}/alnage
if [ ! -d "${WOLFI:-}" ]; then
	echo "skip: WOLFI names no folder"
	exit 77
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$alnage" keygen --type rsa --bits 2048 "$tmp/signer.rsa" >/dev/null
"$alnage" compile --quiet --pipeline-dir "$WOLFI/pipelines" "$WOLFI"/*.yaml >"$tmp/plans"
python3 - "$tmp" <<'END'
import base64, gzip, hashlib, io, json, os, re, subprocess, sys, tarfile
folder = sys.argv[1]
have, lines, wanted = {}, [], set()

def add(name, version, more=""):
    if version in have.setdefault(name, []):
        return
    have[name].append(version)
    checksum = base64.b64encode(hashlib.sha1(f"{name} {version}".encode()).digest()).decode()
    lines.append(f"C:Q1{checksum}\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:t\nt:1700000000\n{more}\n")

def name_of(atom):
    return re.split("[=<>~@]", atom)[0]

provided = set()
for plan in map(json.loads, open(folder + "/plans")):
    wanted.update(plan["environment"]["packages"])
    for package in plan["packages"]:
        said = package["dependencies"]
        wanted.update(said["runtime"])
        provided.update([package["name"], *map(name_of, said["provides"])])
        more = f"o:{plan['name']}\nk:{max(0, said['provider-priority'])}\n"
        if said["runtime"]:
            more += "D:" + " ".join(said["runtime"]) + "\n"
        if said["provides"]:
            more += "p:" + " ".join(said["provides"]) + "\n"
        add(package["name"], plan["full-version"], more)
        base, _, epoch = plan["full-version"].rpartition("-r")
        if int(epoch) > 0:
            add(package["name"], f"{base}-r{int(epoch) - 1}", more.replace(plan["full-version"], f"{base}-r{int(epoch) - 1}"))
for atom in sorted(a for a in wanted if not a.startswith("!")):
    name, op, version = re.match("([^=<>~]+)([=<>~]*)(.*)", atom).groups()
    if name not in provided:
        add(re.sub("[^a-z0-9.+-]", "-", name), "1-r0", f"p:{name}\n" if ":" in name else "")
    elif "~" in op and not any(re.match(re.escape(version) + "[.-]", v) for v in have.get(name, [])):
        add(name, version + ".0-r0")
    elif op in ("=", "=="):
        add(name, version)
    elif op.startswith("<"):
        add(name, "0.0.1-r0")

def archive(name, content, end):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
        size = tar.offset
    return gzip.compress(out.getvalue() if end else out.getvalue()[:size], mtime=0)

index = archive("APKINDEX", "".join(lines).encode(), True)
signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", folder + "/signer.rsa"], input=index,
                           stdout=subprocess.PIPE, check=True).stdout
os.makedirs(folder + "/repo/x86_64")
with open(folder + "/repo/x86_64/APKINDEX.tar.gz", "wb") as file:
    file.write(archive(".SIGN.RSA256.signer.rsa.pub", signature, False) + index)
print(f"index: {len(lines)} packages")
END
graph() {
	"$alnage" graph --quiet --format json --recipes "$WOLFI" --store "$tmp/store" --repository "$tmp/repo" \
		--keyring "$tmp/signer.rsa.pub" "$@"
}
start=$EPOCHREALTIME
graph >"$tmp/all"
end=$EPOCHREALTIME
planned=$(jq '.recipes | length' "$tmp/all")
compiled=$(jq -s 'map(select(.skipped | not)) | length' "$tmp/plans")
printf '%d of %d recipes, %d edges, in %d ms\n' "$planned" "$compiled" "$(jq '[.recipes[].needs | length] | add' "$tmp/all")" \
	$(((${end/[.,]/} - ${start/[.,]/}) / 1000))
status=0
[ "$planned" -eq "$compiled" ] || status=1
for name in gcc curl gtk-2.0; do
	[ -f "$WOLFI/$name.yaml" ] || continue
	alone=$(graph "$WOLFI/$name.yaml" | jq -r --arg name "$name" '.recipes[] | select(.name == $name) | .inputKey')
	if [ "$alone" != "$(jq -r --arg name "$name" '.recipes[] | select(.name == $name) | .inputKey' "$tmp/all")" ]; then
		echo "$name alone has another key"
		status=1
	fi
done
exit $status
