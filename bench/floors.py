"""What Nix takes alone: derivations that stand for the units of a build and compile nothing."""

import json
import os
import random
import statistics
import time
from pathlib import Path

from harness import Disk, Memory, Image, output

# In seconds, after which a build has left many deletions behind.
LONG = 10


class Floors:
    """Derivations that stand for units and compile nothing, and one that takes the checkout."""

    # The copying of what a unit has made counts as the phase of its compiler, which wrote that.
    WRITING = '@nix {"action":"setPhase","phase":"rustc"}'
    WRITTEN = '@nix {"action":"setPhase","phase":"outputs"}'

    def __init__(self, nix, work):
        self.nix, self.work = nix, work
        tree = nix.tree.directory
        text = (tree / "flake.nix").read_text()
        extra = """
      checkout = derivation {
        name = "checkout"; system = "x86_64-linux"; builder = "${pkgs.busybox}/bin/sh";
        __contentAddressed = true; outputHashAlgo = "sha256"; outputHashMode = "recursive";
        args = [ "-c" "echo ${self} > $out" ];
      };"""
        anchor = "      inherit default;\n"
        assert anchor in text
        (tree / "flake.nix").write_text(text.replace(anchor, anchor + extra + "\n", 1))
        nix.commit()
        self.shell = output(["nix", "eval", "--raw", ".#checkout.builder"], cwd=tree, env=nix.environment).removesuffix("/bin/sh")

    def checkout(self):
        self.nix.tree.edit("readme", random.getrandbits(60))
        Disk.settle()
        Memory.use()
        start = time.monotonic()
        self.nix.run(["nix", "build", "--no-link", ".#checkout"])
        return time.monotonic() - start

    def graph(self, units, changed, runs):
        """How long derivations take that stand for these units and do nothing, when one has changed."""
        arguments = self.describe(units)
        # The first of them has built all units, if no other has.
        figures = [self.build_graph(arguments, changed) for _ in range(runs + 1)]
        return statistics.median(figures[1:])

    def graph_from_nothing(self, units):
        """The same, in an empty store with what the units take that no unit makes."""
        arguments = self.describe(units)
        sources = sorted({source for unit in units for source in unit["sources"]})
        with Image(self.work) as directory:
            store = str(self.nix.fresh(directory))
            self.nix.run(["nix", "copy", "--no-check-sigs", "--to", store, self.shell, *sources])
            os.sync()
            return self.build_graph([*arguments, "--store", store], 0)

    def build_graph(self, arguments, changed):
        Disk.settle()
        Memory.use()
        seed = ["--argstr", "changed", str(changed), "--argstr", "seed", str(random.getrandbits(60))]
        start = time.monotonic()
        self.nix.run(["nix", "build", "--no-link", "--impure", *arguments, *seed])
        wall = time.monotonic() - start
        if wall > LONG:
            Disk.removed = time.monotonic()
        return wall

    def contents(self, units):
        """The time of derivations that take what these units take and copy what they made, without the copying."""
        arguments = self.describe(units, "contents")
        seed = ["--argstr", "changed", "", "--argstr", "seed", str(random.getrandbits(60))]
        return self.nix.build("--no-link", "--impure", *arguments, *seed)["around"]

    def describe(self, units, kind="nothing"):
        """Writes the derivations; gives the arguments of Nix for them."""
        text = """{ units, shell, changed, seed, kind }: let
          inherit (builtins) elemAt fromJSON genList length readFile storePath toString;
          all = fromJSON (readFile units);
          idle = name: attributes: derivation ({
            inherit name; system = "x86_64-linux"; builder = "${storePath shell}/bin/sh";
            __contentAddressed = true; outputHashAlgo = "sha256"; outputHashMode = "recursive";
          } // attributes);
          unit = number: let own = elemAt all number; in idle own.name ({
            inherit (own) outputs;
            sources = map storePath own.sources;
            needs = map (need: (elemAt derivations need.unit).${need.output}) own.needs;
            said = if toString number == changed then seed else "";
            args = [ "-c" scripts.${kind} ];
          } // (if kind == "nothing" then { } else {
            inherit seed;
            PATH = "${storePath shell}/bin";
            contents = map (output: storePath own.contents.${output}) own.outputs;
          }));
          scripts = {
            # All that needs the metadata differs by its path, as libraries do.
            nothing = "echo $said > $out; if [ $rmeta ]; then echo $said $needs > $rmeta; fi";
            contents = ''
              echo '@WRITING@' >&2
              set -- $contents
              for output in $outputs; do
                eval "to=\\$$output"
                cp -r $1 $to; shift
                chmod -R u+w $to
                find $to -type f | head -n 1 | while read -r file; do echo $seed >> $file; done
              done
              echo '@WRITTEN@' >&2
            '';
          };
          derivations = genList unit (length all);
          tops = fromJSON (readFile "${toString units}.tops");
        in idle "all" {
          tops = map (number: (elemAt derivations number).out) tops;
          args = [ "-c" "echo $tops ${seed} > $out" ];
        }"""
        expression, file = self.work / "graph.nix", self.work / "graph.json"
        expression.write_text(text.replace("@WRITING@", self.WRITING).replace("@WRITTEN@", self.WRITTEN))
        file.write_text(json.dumps(units))
        needed = {need["unit"] for unit in units for need in unit["needs"]}
        Path(f"{file}.tops").write_text(json.dumps([number for number in range(len(units)) if number not in needed]))
        return ["--file", str(expression), "--argstr", "shell", self.shell, "--arg", "units", str(file), "--argstr", "kind", kind]


def show_all(nix, drvs):
    """Derivations by their paths."""
    shown = json.loads(output(["nix", "derivation", "show", *drvs], env=nix.environment))["derivations"]
    return {drv: shown.get(drv) or shown[Path(drv).name] for drv in drvs}


def show(nix, drv):
    return show_all(nix, [drv])[drv]


def graph_of(nix, drvs):
    """What the derivations of units that were built take and give, for derivations that stand for them."""
    command = ["nix", "build", "--no-link", "--json", *(f"{drv}^*" for drv in drvs)]
    outputs = {built["drvPath"]: built["outputs"] for built in json.loads(output(command, env=nix.environment))}
    makers = {}
    for number, drv in enumerate(drvs):
        for name, path in outputs[drv].items():
            makers[path] = {"unit": number, "output": name}
    units = []
    for drv, derivation in show_all(nix, drvs).items():
        inputs = [path if path.startswith("/") else f"/nix/store/{path}" for path in derivation["inputs"]["srcs"]]
        units.append(
            {
                "name": derivation["name"],
                # The first is what a derivation is by default.
                "outputs": sorted(derivation["outputs"], key=lambda name: (name != "out", name)),
                "sources": [path for path in inputs if path not in makers],
                "contents": outputs[drv],
                "needs": [makers[path] for path in inputs if path in makers],
            }
        )
    return units
