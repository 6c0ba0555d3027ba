# SPDX-License-Identifier: Apache-2.0
"""Runs the scripts of pipelines outside of a sandbox, for the tests of the pipelines.

    pipelines.py syntax ALNAGE PIPELINES TMP   the expanded scripts are right for each shell there is
    pipelines.py hostile ALNAGE PIPELINES TMP  no value of an input becomes a command
    pipelines.py run ALNAGE RECIPE BOX         the steps of a recipe, with BOX as /home/build
"""
import glob, hashlib, json, os, shutil, subprocess, sys, tarfile

HOME, CACHE = "/home/build", "/var/cache/melange"
# An input whose description says so is part of a script.
BY_CONTRACT = "in shell syntax"
# What no test may really call; with what little makes the scripts go on.
FAKES = {
    **dict.fromkeys("""R autoreconf cargo cmake gem git llvm-profdata make meson mvn npm patch perl php
        phpize pombump python python3 ruby strip""".split(), ""),
    "go": '[ "$1" != install ] || : >"$GOBIN/x"\n[ "$1" != tool ] || echo total 50%\n',
    "llvm-cov": "echo TOTAL 1 2 3 4 5 50%\n",
    "readelf": "echo '    Build ID: 0123456789abcdef'\n",
    "objcopy": 'cp -- "${@: -2:1}" "${@: -1}"\n',
}
REAL = """awk basename cat chmod cp cut date diff dirname find grep head id install ln ls mkdir mktemp
mv nproc od printenv readlink rm rmdir sed sha256sum sha512sum sort stat tail tar tr uname xargs""".split()
HOSTILE = [
    "a'; pwn; echo 'b",
    'a"; pwn; echo "b',
    "a;pwn;$(pwn)`pwn`|pwn&&pwn>pwned\npwn",
    "a;pwn;$(pwn)`pwn`",
    "a $(pwn) `pwn` ${x:-$(pwn)} & pwn",
    "-a=$(pwn)",
    "'\"$(pwn)\"'`pwn`;\\",
]


# What lets a pipeline get to its end if nothing is hostile; required inputs are "x" otherwise.
BENIGN = {
    "fetch": {"uri": "https://example.org/x.tar"},
    "patch": {"patches": "x"},
    "python/import": {"import": "x", "python": "python3"},
    "python/test": {"command": "true"},
    "ruby/install": {"gem": "x", "version": "1"},
}


class Pipeline:
    def __init__(self, folder, path):
        self.name = os.path.relpath(path, folder)[: -len(".yaml")]
        self.inputs, self.refused = {}, "# Refused:" in open(path).read()
        inside, current = False, None
        for line in open(path):  # the few shapes in which our own files are written
            if not line.startswith(" "):
                inside = line.startswith("inputs:")
            elif inside and line.startswith("  ") and line[2] != " ":
                current = self.inputs[line.strip()[:-1]] = {"text": "", "required": False, "default": None}
            elif inside and line.startswith("    required: true"):
                current["required"] = True
            elif inside and line.startswith("    default:"):
                current["default"] = line.split(":", 1)[1].strip().strip('"')
            elif inside:
                current["text"] += line

    def benign(self):
        required = {name: "x" for name, given in self.inputs.items() if given["required"]}
        return {**required, **BENIGN.get(self.name, {})}


class Suite:
    def __init__(self, alnage, folder, tmp):
        self.alnage, self.folder, self.tmp = alnage, folder, tmp
        paths = sorted(glob.glob(os.path.join(folder, "**", "*.yaml"), recursive=True))
        self.pipelines = [Pipeline(folder, path) for path in paths]

    def is_refused(self, name):
        return any(pipeline.refused for pipeline in self.pipelines if pipeline.name == name)

    def compile(self, calls):
        """[(pipeline, with)] → one list of steps each, or None if the recipe was refused."""
        folder = os.path.join(self.tmp, "recipes")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        files = []
        for i, (name, values) in enumerate(calls):
            files.append(os.path.join(folder, f"p{i}.yaml"))
            # a subpackage, because some move files from the main package; JSON's strings are YAML's, too
            with open(files[-1], "w") as out:
                out.write(f"package:\n  name: p\n  version: 1\n  epoch: 0\n  description: '{i}'\n"
                          f"subpackages:\n  - name: p-sub\n    pipeline:\n      - uses: {name}\n")
                if values:
                    out.write("        with:\n")
                for key, value in values.items():
                    out.write(f"          {key}: {json.dumps(value)}\n")
        done = subprocess.run([self.alnage, "compile", "--pipeline-dir", self.folder, *files],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        steps = [None] * len(calls)
        for line in done.stdout.splitlines():
            recipe = json.loads(line)
            steps[int(recipe["packages"][0]["description"])] = recipe["packages"][1]["steps"]
        if done.returncode not in (0, 1):
            sys.exit(done.stderr)
        self.said = done.stderr
        return steps


def script_of(step, box):
    cd = f"[ -d '{step['working-directory']}' ] || mkdir -p '{step['working-directory']}'\ncd '{step['working-directory']}'\n"
    text = "set -eo pipefail\n" + cd + step["script"] + "\nexit 0"
    return text.replace(HOME, box).replace(CACHE, box + "/cache")


def run(step, box, environment, timeout=600):
    own = {name: value.replace(HOME, box) for name, value in step["environment"].items()}
    return subprocess.run(["/bin/bash", "-c", script_of(step, box)], env={**environment, **own},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=timeout)


def syntax(suite):
    shells = [[path] for path in ("/bin/bash", "/bin/dash") if os.path.exists(path)]
    if shutil.which("busybox"):
        shells.append(["busybox", "sh"])
    calls = [(pipeline.name, pipeline.benign()) for pipeline in suite.pipelines]
    count = 0
    for (name, _), steps in zip(calls, suite.compile(calls)):
        if steps is None:
            sys.exit(f"{name} does not compile:\n{suite.said}")
        for step in steps:
            for shell in shells:
                done = subprocess.run([*shell, "-n"], input=step["script"], text=True, stderr=subprocess.PIPE)
                if done.returncode or done.stderr:
                    sys.exit(f"{name}: {shell[-1]}: {done.stderr}")
            count += 1
    print(f"{len(calls)} pipelines, {count} scripts, {len(shells)} shells")


def archive(path):
    with tarfile.open(path, "w") as out:
        out.addfile(tarfile.TarInfo("top/file"))
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


def fill(box, name, values):
    """A work folder in which the scripts get as far as they can."""
    shutil.rmtree(box, ignore_errors=True)
    cache = os.path.join(box, "cache")
    os.makedirs(os.path.join(cache))
    archive(os.path.join(cache, "sha256:" + values.get("expected-sha256", "")))
    if name == "git-checkout":
        wanted = ["repository", "tag", "branch", "expected-commit", "expected-commit-is-branch-tip",
                  "recurse-submodules", "sparse-paths", "cherry-picks"]
        false = ("expected-commit-is-branch-tip", "recurse-submodules")
        text = "".join(values.get(key, "false" if key in false else "") + "\n" for key in wanted)
        archive(os.path.join(cache, "git:" + hashlib.sha256(text.encode()).hexdigest()))
    for folder in [box] + [os.path.join(box, value) for value in values.values() if value != "x" and "/" not in value]:
        os.makedirs(os.path.join(folder, "target/release"), exist_ok=True)
        for file in ("go.mod", "pom.xml", "default_1.profraw", "x.gemspec", "series", "p", "x", "target/release/x"):
            os.close(os.open(os.path.join(folder, file), os.O_CREAT | os.O_WRONLY, 0o755))
        with open(os.path.join(folder, "configure"), "w") as out:
            out.write("#!/bin/bash\n")
        os.chmod(os.path.join(folder, "configure"), 0o755)
    for package in ("p", "p-sub"):
        for file in ("usr/bin/x", "usr/lib/libx.so.1", "usr/lib/libx.a", "usr/include/x.h", "usr/share/man/man1/x.1",
                     "usr/lib/R/library/x/DESCRIPTION"):
            path = os.path.join(box, "melange-out", package, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(bytes.fromhex("7f454c46020101000000000000000000" "03003e00") + bytes(64))


def hostile(suite):
    fake, box = os.path.join(suite.tmp, "fake"), os.path.join(suite.tmp, "box")
    mark = os.path.join(suite.tmp, "mark")
    os.mkdir(fake)
    for name in [*FAKES, "pwn"]:
        path = os.path.join(fake, name)
        with open(path, "w") as out:
            out.write("#!/bin/bash\n" + (f": >'{mark}'\n" if name == "pwn" else "") +
                      FAKES.get(name, ""))
        os.chmod(path, 0o755)
    for name in REAL:
        if shutil.which(name):
            os.symlink(shutil.which(name), os.path.join(fake, name))
    environment = {"PATH": fake, "HOME": box, "TMPDIR": suite.tmp, "LC_ALL": "C"}
    digest = archive(os.path.join(suite.tmp, "archive"))
    calls = []
    for pipeline in suite.pipelines:
        base = pipeline.benign()
        if pipeline.name == "fetch":
            base["expected-sha256"] = digest
        free = [name for name, given in pipeline.inputs.items()
                if BY_CONTRACT not in given["text"] and not name.startswith("expected-")]
        calls.append((pipeline.name, base))
        calls += [(pipeline.name, {**base, **{name: value for name in free}}) for value in HOSTILE]
        if not pipeline.refused:
            calls += [(pipeline.name, {**base, name: value}) for name in free for value in HOSTILE[:3]]
    refused, ran, caught, broken = 0, 0, [], []
    for at, steps in enumerate(suite.compile(calls)):
        name, values = calls[at]
        if steps is None:
            refused += 1
            continue
        fill(box, name, values)
        status = [run(step, box, environment, 20).returncode for step in steps]
        ran += len(steps)
        if at == 0 or calls[at - 1][0] != name:  # nothing hostile: has to get to its end
            if any(status) != suite.is_refused(name):
                broken.append(name)
        if os.path.exists(mark) or any("pwned" in files for _, _, files in os.walk(box)):
            caught.append((name, values))
            if os.path.exists(mark):
                os.unlink(mark)
    for name, values in caught[:10]:
        print(f"{name}: a value became a command: {values}")
    print(f"{len(calls)} calls, {refused} not compiled, {ran} scripts, {len(caught)} caught")
    for name in broken:
        print(f"{name}: fails without anything hostile, or is refused and does not")
    sys.exit(1 if caught or broken else 0)


def run_recipe(alnage, recipe, box):
    """Runs the steps of all packages with what this machine has; BOX/melange-out/NAME are the results."""
    done = subprocess.run([alnage, "compile", recipe], stdout=subprocess.PIPE, check=True, text=True)
    environment = {"PATH": os.environ["PATH"], "HOME": box, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1750000000"}
    plan = json.loads(done.stdout)
    for package in plan["packages"]:
        os.makedirs(os.path.join(box, "melange-out", package["name"]), exist_ok=True)
    for step in [step for package in plan["packages"] for step in package["steps"]]:
        result = run(step, box, {**environment, **plan["environment"]["variables"]})
        print(result.stdout, end="")
        if result.returncode:
            sys.exit(f"{step['label']} failed with status {result.returncode}")


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run_recipe(*sys.argv[2:])
    else:
        {"syntax": syntax, "hostile": hostile}[sys.argv[1]](Suite(*sys.argv[2:]))
