#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes recipes that want more than there is: FOLDER/NAME.yaml, their pipelines, and FOLDER/list with one line
for each: NAME, a tab, and what must be said about it (an extended regular expression)."""
import os
import sys

folder = sys.argv[1]
os.makedirs(f"{folder}/pipelines")
HEAD = "package: {name: x, version: '1', epoch: 0}\n"
BYTES = "expands to more than the allowed 268435456 bytes"
ONE = "more than the allowed 16777216 bytes"
listed = open(f"{folder}/list", "w")


def recipe(name, said, text, head=HEAD):
    listed.write(f"{name}\t{said}\n")
    with open(f"{folder}/{name}.yaml", "w") as file:
        file.write(head + text)


def pipeline(name, text):
    with open(f"{folder}/pipelines/{name}.yaml", "w") as file:
        file.write(text)


def flow(count, item):
    return ", ".join(item % i for i in range(count))


def ranged(items, body, name="x-${{range.key}}"):
    """A subpackage for each of so many items."""
    data = "".join(f"      k{i}: v\n" for i in range(items))
    return f"data:\n  - name: d\n    items:\n{data}subpackages:\n  - range: d\n    name: {name}\n{body}"


# ---- the document ----
recipe("scalar", "scalar.yaml: more than 4194304 bytes", "vars: {a: '" + "a" * 10_000_000 + "'}\n")
recipe("scalar-short", "scalar-short.yaml:2:11: scalar is too long", "vars: {a: '" + "a" * 2_000_000 + "'}\n")
recipe("bomb", "bomb.yaml:2:4: anchors are not supported",
       "a: &a [x, x, x]\n" + "".join(f"a{i}: &b{i} [*a, *a, *a]\n" for i in range(20)))
recipe("nodes", "too many nodes", "vars: {" + flow(300_000, "a%d: b") + "}\n")
recipe("deep-flow", "nested too deeply", "vars: " + "[" * 100_000)
recipe("deep-sequence", "nested too deeply", "pipeline:\n" + "- " * 100_000 + "a\n")
recipe("deep-block", "nested too deeply", "".join(" " * i + "a:\n" for i in range(1500)), head="")

# ---- variables ----
recipe("vars-double", f"vars-double.yaml:[0-9][0-9]:[0-9]+: .*{ONE}", "vars:\n  v0: aaaaaaaaaaaaaaaa\n" + "".join(
    f"  v{i}: ${{{{vars.v{i - 1}}}}}${{{{vars.v{i - 1}}}}}\n" for i in range(1, 40)))
recipe("vars-chain", "in a circle or more than 16 deep",
       "vars:\n" + "".join(f"  v{i}: ${{{{vars.v{i + 1}}}}}\n" for i in range(60_000)) + "  v60000: x\n")
recipe("transforms-double", "allowed 4096", "var-transforms:\n" + "  - {from: aaaaaaaaaaaaaaaa, match: '(.*)', replace: $1$1, to: t}\n"
       + "  - {from: '${{vars.t}}', match: '^(.*)$', replace: '$1$1', to: t}\n" * 60)
recipe("transforms-slow", "takes too much work", "var-transforms:\n" + "".join(
    "  - {from: '" + "a" * 900 + f"', match: '(a|aa|a*)*b', replace: x, to: t{i}}}\n" for i in range(3000)))
recipe("one-step", ONE, "vars: {b: '" + "z" * 1_000_000 + "'}\npipeline:\n  - runs: '" + "${{vars.b}}" * 17 + "'\n")
recipe("many-steps", BYTES, "vars: {b: '" + "z" * 1_000_000 + "'}\npipeline:\n"
       + ("  - runs: '" + "${{vars.b}}" * 15 + "'\n") * 40)
# each byte takes six in JSON
recipe("control-characters", "the plan as JSON: more than the allowed 268435456 bytes", 'vars: {b: "' + "\\x01" * 800_000 + '"}\npipeline:\n'
       + ("  - runs: '" + "${{vars.b}}" * 15 + "'\n") * 8)

# ---- ranges ----
recipe("range-million", "than 4194304 bytes", ranged(1_000_000, ""))
recipe("range-items", "range of more than 4096 items", ranged(90_000, ""))
recipe("range-packages", "more than 4096 packages", ranged(4000, "  - {range: d, name: 'y-${{range.key}}'}\n" * 9))
recipe("range-steps", "more than 10000 steps", ranged(4000, "    pipeline:\n" + "      - runs: x\n" * 3000))
recipe("range-text", BYTES, ranged(4000, "    pipeline: [{runs: '" + "y" * 900_000 + " ${{range.key}}'}]\n"))
recipe("range-dependencies", BYTES, ranged(4000, "    dependencies: {runtime: [" + flow(20_000, "'d%d-${{range.key}}'") + "]}\n"))
recipe("range-environment", BYTES, ranged(4000, "    test: {environment: {contents: {packages: [" + flow(60_000, "d%d") + "]}}}\n"))
recipe("range-annotations", BYTES, ranged(4000, "    annotations: {" + flow(60_000, "d%d: x") + "}\n"))
recipe("range-setcap", BYTES, ranged(4000, "    setcap:\n" + "      - {path: /a, add: {cap_net_raw: '+ep'}, reason: r}\n" * 15_000))
recipe("range-condition", BYTES, ranged(4000, '    pipeline: [{if: "' + " && ".join(["'a' == 'a'"] * 60_000) + '", runs: x}]\n'))
recipe("environment-steps", BYTES, "pipeline:\n  - environment: {" + flow(60_000, "e%d: x") + "}\n    pipeline:\n"
       + "      - {runs: x, environment: {a: b}}\n" * 9000)

# ---- pipelines ----
for i in range(15):
    again = "  - uses: %s%d\n    with: {a: '${{inputs.a}}${{inputs.a}}'}\n"
    pipeline(f"double{i}", "inputs: {a: {default: z}}\npipeline:\n" + again % ("double", i + 1))
    pipeline(f"tree{i}", "pipeline:\n" + f"  - uses: tree{i + 1}\n" * 20 if i < 14 else "pipeline: [{runs: x}]\n")
pipeline("defaults", "inputs: {i0: {default: aaaaaaaa}, " + ", ".join(
    f"i{i}: {{default: '${{{{inputs.i{i - 1}}}}}${{{{inputs.i{i - 1}}}}}'}}" for i in range(1, 100)) + "}\npipeline: [{runs: x}]\n")
pipeline("loop", "pipeline: [{uses: back}]\n")
pipeline("back", "pipeline: [{uses: loop}]\n")
recipe("pipelines-double", f"double[0-9]+.yaml:.*{ONE}", "pipeline: [{uses: double0, with: {a: '" + "q" * 100_000 + "'}}]\n")
recipe("pipelines-tree", "more than 10000 steps", "pipeline: [{uses: tree0}]\n")
recipe("pipelines-inputs", f"defaults.yaml:.*{ONE}", "pipeline: [{uses: defaults}]\n")
recipe("pipelines-loop", "(loop|back).yaml:1:11: pipelines more than 16 deep", "pipeline: [{uses: loop}]\n")
recipe("uses-long", "is too long", "pipeline: [{uses: " + "a/" * 200_000 + "b}]\n")
recipe("directory-long", "is too long", "pipeline: [{runs: x, working-directory: '" + "a/" * 200_000 + "'}]\n")
