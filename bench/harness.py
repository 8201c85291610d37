"""What the benchmarks share: a project in a git checkout with a flake, as a user has it, beside copies for cargo.

- The tree is dirty after an edit, and the flake's inputs are locked. All use the toolchain of dev/nix.
- "around": the wall time of `nix build` during which no rustc (with its linker) and no build script was running: Nix itself,
  planning, sandboxes, copying, hashing. The unit builder tells Nix when it starts such a process and when that has ended (as
  the phase of the build), and `read_log` notes when these messages arrive in Nix's internal-json log.
- A clean build has a new store each time (`--store` below the work directory, on the same disk), which holds the toolchain,
  dyndrv and the archives of the crates, and nothing else. For cargo, it is an empty target directory, with the crates fetched.
- With `--image`, clean builds have an empty ext4 with a journal for each, in a file (`Image`), so that no earlier build is in their way.
- With `--used-memory`, nearly all memory holds files before each build (`Memory`), as on a machine that has run for some time.
- Nothing is measured in the minute after many files were removed: an ext4 without a journal looks at each inode that was
  deleted in the last 60 s before it makes a file, so that Nix's copy of a checkout takes several times as long.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Kinds of Nix's log: an activity that is a build, a result that names its phase.
BUILD, SET_PHASE = 105, 104
# How long, in seconds, ext4 remembers deletions, and a bit.
SETTLED = 65

# Builds of more units leave so many deletions behind.
MANY_UNITS = 50

# Phases in which something runs that cargo runs as well.
AT_WORK = {"rustc", "build script"}


class Project:
    """A source tree, and the lines after which an edit puts a line of its own."""

    def __init__(self, name, source, edits, arguments, inputs=""):
        self.name, self.source, self.edits, self.arguments, self.inputs = name, source, edits, arguments, inputs


def output(command, **kwargs):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **kwargs).stdout.strip()


def progress(text):
    print(f"bench [{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


class Disk:
    """What is put aside, so that it is removed when nothing is measured, and when that was, on the clock of `time.monotonic`."""

    aside, removed = [], None

    @classmethod
    def put_aside(cls, path):
        if path.exists():
            target = path.with_name(f"{path.name}-aside-{len(cls.aside)}")
            path.rename(target)
            cls.aside.append(target)

    @classmethod
    def sweep(cls):
        while cls.aside:
            path = cls.aside.pop()
            subprocess.run(["chmod", "-R", "u+w", path], check=True)
            shutil.rmtree(path)
            # What is not written yet is remembered for longer.
            os.sync()
            cls.removed = time.monotonic()

    @classmethod
    def settle(cls):
        if cls.removed is not None and not cls.has_journal():
            time.sleep(max(0.0, cls.removed + SETTLED - time.monotonic()))
        cls.removed = None

    @staticmethod
    def has_journal():
        """Whether the store is on an ext4 with a journal."""
        device = os.stat("/nix/store").st_dev
        block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
        return block.exists() and any(Path("/proc/fs/jbd2").glob(f"{block.resolve().name}-*"))


class Memory:
    """Memory as on a machine that has run for some time: nearly all of it holds files that were read.

    A virtual machine takes a page from its host when it first uses it, and may give free pages back at any time. So a build that
    writes new files pays for pages, and one that writes over its own old ones does not. Pages that hold files are used again at
    once. The file that is read is sparse: its pages are in memory, and nothing is on the disk.
    """

    BLOCK = 16 << 20
    # Reading ends when so many blocks, 1 GiB, have left no less memory free than there was before.
    ENOUGH = 64

    file, position = None, 0

    @classmethod
    def enable(cls, work):
        work.mkdir(parents=True, exist_ok=True)
        cls.file = work / "memory"
        with open(cls.file, "wb") as file:
            file.truncate(4 * cls.field("MemTotal"))

    @staticmethod
    def field(name):
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))

    @classmethod
    def use(cls):
        if cls.file is None:
            return
        block, lowest, since = bytearray(cls.BLOCK), cls.field("MemFree"), 0
        with open(cls.file, "rb", buffering=0) as file:
            file.seek(cls.position)
            while since < cls.ENOUGH:
                if file.readinto(block) == 0:
                    file.seek(0)
                free = cls.field("MemFree")
                since = 0 if free < lowest else since + 1
                lowest = min(free, lowest)
            cls.position = file.tell()


class Image:
    """An empty ext4 with a journal, in a sparse file, as a mounted directory; for root."""

    # More than any build here writes; what is not written takes no space.
    SIZE = 100 << 30

    def __init__(self, work):
        self.file, self.directory = work / "image", work / "image-mounted"
        self.directory.mkdir(exist_ok=True)

    def __enter__(self):
        with open(self.file, "wb") as file:
            file.truncate(self.SIZE)
        # All tables are written now, and not by the kernel while a build runs.
        options = ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-N", "8000000"]
        subprocess.run(["mkfs.ext4", *options, self.file], check=True)
        subprocess.run(["mount", "-o", "loop", self.file, self.directory], check=True)
        os.sync()
        self.removed = Disk.removed
        return self.directory

    def __exit__(self, *_):
        # What a build removed here is no concern of other file systems.
        Disk.removed = self.removed
        subprocess.run(["umount", self.directory], check=True)
        self.file.unlink()


class Tree:
    """A copy of the project, and how it is edited."""

    def __init__(self, project, directory):
        self.project, self.directory = project, directory
        ignored = shutil.ignore_patterns("target", "result*", "flake.nix", "flake.lock", "dyndrv.nix", ".git")
        # Over what an earlier call has left there, if it worked in the same place.
        shutil.copytree(project.source(), directory, ignore=ignored, dirs_exist_ok=True)
        self.pristine = {}

    def edit(self, scenario, number):
        if scenario == "readme":
            self.write("README.md", lambda text: f"{text}\n{number}\n")
        elif scenario in self.project.edits:
            file, anchor = self.project.edits[scenario]
            line = f"    std::hint::black_box({number}u64);\n"
            self.write(file, lambda text: text.replace(anchor, anchor + line, 1))

    def write(self, file, change):
        path = self.directory / file
        old = self.pristine.setdefault(file, path.read_text())
        new = change(old)
        if new == old:
            sys.exit(f"bench: {path} does not have the line that the edit looks for")
        path.write_text(new)


class Cargo:
    def __init__(self, name, project, work, environment, incremental):
        self.name = name
        self.tree = Tree(project, work / name)
        self.work, self.target = work, work / f"{name}-target"
        self.environment = environment | {"CARGO_TARGET_DIR": str(self.target)}
        if not incremental:
            self.environment["CARGO_INCREMENTAL"] = "0"
        self.run(["cargo", "fetch", "--quiet", "--locked"])

    def run(self, command):
        done = subprocess.run(command, cwd=self.tree.directory, env=self.environment, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} failed in {self.tree.directory}\n{done.stderr}")

    def build(self, command="build", *arguments):
        Disk.settle()
        Memory.use()
        start = time.monotonic()
        self.run(["cargo", command, "--quiet", "--locked", "--offline", "--profile", "dev", *arguments])
        return {"wall": time.monotonic() - start}

    def clean(self, image=False):
        if image:
            with Image(self.work) as directory:
                return self.build("build", "--target-dir", str(directory / "target"))
        Disk.put_aside(self.target)
        return self.build()


class Nix:
    def __init__(self, project, work, environment, package_set, tools, name="dyndrv", checkout=ROOT, source=None):
        """`source`: dyndrv's own, as an input of the flake; a copy of the checkout if it is not given."""
        self.name, self.project, self.work, self.environment = name, project, work, environment
        self.tree = Tree(project, work / self.name)
        self.source = source or work / f"source-{name}"
        if source is None:
            copy_of_checkout(checkout, self.source)
        (self.tree.directory / "flake.nix").write_text(flake(project, self.source, package_set, tools))
        (self.tree.directory / "flake.lock").unlink(missing_ok=True)
        add = ["git", "add", "-A", "--force"]
        for command in (["git", "init", "-q"], add, ["nix", "flake", "lock"], add):
            self.run(command)
        self.commit()
        self.last_drvs = []

    def commit(self):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        self.run(["git", *identity, "commit", "-q", "-a", "--allow-empty", "-m", "Start"])

    def run(self, command):
        done = subprocess.run(command, cwd=self.tree.directory, env=self.environment, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} failed in {self.tree.directory}\n{done.stderr}")

    def build(self, *arguments):
        Disk.settle()
        Memory.use()
        start, cpu = time.monotonic(), cpu_of_children()
        process = subprocess.Popen(
            ["nix", "build", "--log-format", "internal-json", *arguments],
            cwd=self.tree.directory,
            env=self.environment,
            stderr=subprocess.PIPE,
        )
        messages = [(time.monotonic() - start, line) for line in process.stderr]
        if process.wait() != 0:
            sys.exit("bench: nix build failed\n" + failure(messages))
        result = read_log(messages, time.monotonic() - start)
        self.last_drvs = result["drvs"]
        if result["units"] > MANY_UNITS:
            # Nix has removed their sandboxes, each with a mount point for each input.
            Disk.removed = time.monotonic()
        # Without a daemon, every builder is a descendant of `nix build`.
        return result | {"cpu": cpu_of_children() - cpu}

    def clean(self, image=False):
        """Builds in a new store with nothing but what stands before planning."""
        if image:
            with Image(self.work) as directory:
                return self.build("--store", str(self.fresh(directory)), "--no-link")
        Disk.sweep()
        store = self.fresh(self.work)
        result = self.build("--store", str(store), "--no-link")
        Disk.put_aside(store)
        return result

    def fresh(self, directory):
        base, store = self.work / f"store-base-{self.name}", directory / "store"
        if not base.exists():
            self.prepare(base)
        subprocess.run(["cp", "-a", base, store], check=True)
        os.sync()
        return store

    def prepare(self, base):
        progress("filling a store with the toolchain, dyndrv and the crates")
        names = output(["nix", "eval", "--json", ".#tools", "--apply", "builtins.attrNames"], cwd=self.tree.directory, env=self.environment)
        packages = [".#planner", ".#builder", ".#vendor", *(f".#tools.{name}" for name in json.loads(names))]
        self.run(["nix", "build", "--no-link", *packages])
        # The toolchain and all other programs: sources of the derivations that stand before planning.
        query = ["nix", "path-info", "--derivation", "--recursive", ".#default"]
        known = output(query, cwd=self.tree.directory, env=self.environment).split()
        sources = [path for path in known if not path.endswith(".drv")]
        self.run(["nix", "copy", "--no-check-sigs", "--to", str(base), *packages, *sources])


class Desk(Nix):
    """`dyndrv build` in a checkout, with what it keeps in a place of its own."""

    def __init__(self, project, work, environment, package_set, tools, name="dyndrv", source=None):
        super().__init__(project, work, environment, package_set, tools, name, source=source)
        self.environment = environment | {"XDG_CACHE_HOME": str(work / "cache")}
        planner = ["nix", "build", "--no-link", "--print-out-paths", ".#planner"]
        at = f"{tools}/dyndrv" if tools else output(planner, cwd=self.tree.directory, env=self.environment).splitlines()[0]
        self.program = f"{at}/bin/dyndrv"
        self.extra = []

    def build(self, command="build", directory=None, arguments=()):
        Memory.use()
        start = time.monotonic()
        link = ["--no-link"] if command == "build" else []
        arguments = [self.program, command, *link, *self.extra, *arguments]
        where = directory or self.tree.directory
        done = subprocess.run(arguments, cwd=where, env=self.environment, stderr=subprocess.PIPE, text=True)
        wall = time.monotonic() - start
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(arguments)} failed in {where}\n{done.stderr}")
        built = re.search(r"of \d+ units (\d+) built", done.stderr)
        return {"wall": wall, "units": int(built[1]) if built else 0}


def cpu_of_children():
    """Seconds that all children spent that have been waited for, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def failure(messages):
    texts = []
    for _, line in messages:
        if line.startswith(b"@nix "):
            message = json.loads(line[5:])
            if message.get("action") == "msg" and message.get("level", 9) == 0:
                texts.append(message.get("raw_msg", message["msg"]))
    return "\n".join(texts)


def read_log(messages, wall):
    """The builds of a log, their phases, and how long nothing was compiled."""
    builds, phases, work, steps, drvs, first = {}, {}, [], [], [], None
    for now, line in messages:
        if not line.startswith(b"@nix "):
            continue
        message = json.loads(line[5:])
        action, ident = message.get("action"), message.get("id")
        if action == "start" and message.get("type") == BUILD:
            first = now if first is None else first
            builds[ident] = (message["fields"][0], now)
            drvs.append(message["fields"][0])
        elif action == "result" and message.get("type") == SET_PHASE:
            phase = message["fields"][0]
            if ident in phases:
                work.append((phases.pop(ident), now))
            if phase in AT_WORK:
                phases[ident] = now
        elif action == "stop" and ident in builds:
            drv, start = builds.pop(ident)
            steps.append((now - start, Path(drv).name[33:]))
            if ident in phases:
                work.append((phases.pop(ident), now))
    covered, end = 0.0, 0.0
    for start, stop in sorted(work):
        covered += max(0.0, stop - max(start, end))
        end = max(end, stop)
    steps.append((wall if first is None else first, "(until the first build starts)"))
    return {"wall": wall, "around": wall - covered, "units": len(work), "steps": steps, "drvs": drvs}


def flake(project, dyndrv, package_set, tools):
    source = f'tools = {{ url = "path:{tools}"; flake = false; }};' if tools else ""
    tool = lambda name: f'{name} = builtins.path {{ path = "${{inputs.tools}}/{name}"; name = "{name}"; }};'
    planner = f"{{ {tool('dyndrv')} {tool('builder')} }}" if tools else "{ }"
    return f"""{{
  inputs = {{
    nixpkgs.url = "path:{package_set}";
    dyndrv = {{ url = "path:{dyndrv}"; inputs.nixpkgs.follows = "nixpkgs"; }};
    {source}
    {project.inputs}
  }};
  nixConfig.extra-experimental-features = [ "ca-derivations" "dynamic-derivations" ];
  outputs = {{ self, nixpkgs, dyndrv, ... }}@inputs: let
    pkgs = nixpkgs.legacyPackages.x86_64-linux;
    lib = import "${{dyndrv}}/nix/nixpkgs.nix" ({{ inherit pkgs; }} // {planner});
    default = lib.build {{ src = self; {project.arguments} }};
    # As a derivation, so that a store can be filled with it.
    linked = name: paths: derivation {{
      inherit name paths;
      system = "x86_64-linux";
      builder = "${{pkgs.busybox}}/bin/sh";
      args = [ "-c" "echo $paths > $out" ];
    }};
    # The second is for revisions before the plan had a name of its own.
    plan = default.passthru.thirdPartyPlan or default.passthru.depsPlan.plan;
    inherit (plan) settings;
  in {{
    packages.x86_64-linux = {{
      inherit default;
      vendor = plan.vendor or settings.vendor;
      planner = {"linked ''planner'' [ lib.dyndrv ]" if tools else "lib.dyndrv"};
      builder = {"linked ''builder'' [ lib.builder ]" if tools else "lib.builder"};
    }};
    # What of stdenv is built: a binary cache has it.
    tools = builtins.listToAttrs (
      map (tool: {{ inherit (tool) name; value = tool; }}) (
        builtins.filter (tool: tool ? drvPath) ([ pkgs.stdenv.cc ] ++ pkgs.stdenv.initialPath or [ ])
      )
    );
  }};
}}
"""


def environment():
    """What dev/nix and dev/cargo set, so that their own time is not measured."""
    shell = f'eval "$({ROOT}/dev/nix --env)"; exec {ROOT}/dev/cargo --run env -0'
    pairs = output(["bash", "-c", shell]).rstrip("\0").split("\0")
    found = dict(pair.split("=", 1) for pair in pairs)
    # One configuration for all: neither flags nor wrappers of the user.
    for name in ("RUSTFLAGS", "CARGO_INCREMENTAL", "RUSTC_WRAPPER", "CARGO_BUILD_JOBS"):
        found.pop(name, None)
    return found


def copy_of_checkout(checkout, target):
    files = output(["git", "-C", str(checkout), "ls-files", "-z"]).rstrip("\0").split("\0")
    for file in files:
        if (checkout / file).exists():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / file, target / file, follow_symlinks=False)
