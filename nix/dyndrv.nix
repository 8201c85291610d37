# From a Cargo project to derivations, one for each cargo unit.
#
# Everything here is made of plain store paths: any package set can feed it.
# `nix/nixpkgs.nix` fills the arguments from nixpkgs.
#
#   skeleton ─► graph ─► deps plan ─► deps stage ─► third-party units
#   src ─► sources ────► workspace plan ─► stage ─► workspace units ─► wrapper
{
  # The system that the derivations are built on, as `x86_64-linux`.
  system,
  # Store paths with `bin/rustc` and `bin/cargo`.
  rustc,
  cargo,
  # A store path with `bin/cc` (and, as the C++ compiler, `bin/c++`).
  cc,
  # Store paths whose `bin` a build script finds on its PATH.
  tools ? [ ],
  # Store paths with `bin/dyndrv` and `bin/dyndrv-builder`.
  dyndrv,
  builder,
  # A store path with `bin/dyndrv-checker`, for the checks.
  checker,
  # Store paths with `bin/clippy-driver` and `bin/rustfmt`, for the checks.
  clippy ? rustc,
  rustfmt ? rustc,
}:

let
  contentAddressed = {
    __contentAddressed = true;
    outputHashAlgo = "sha256";
    outputHashMode = "recursive";
  };

  # One step of the planner. It reads its arguments from the structured
  # attributes, so that no argument meets a limit on the environment's size.
  step =
    name: command: attrs:
    derivation (
      contentAddressed
      // {
        inherit name system;
        __structuredAttrs = true;
        builder = "${dyndrv}/bin/dyndrv";
        args = [ command ];
        # A step takes milliseconds; to ask a cache for it takes longer.
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // attrs
    );

  # A step whose output is itself a derivation: the stage that a plan describes. They are
  # two steps, because a derivation whose output is one can have no other.
  plan =
    command: attrs:
    step "crate.drv" "stage" {
      outputHashMode = "text";
      plan = step "plan" command attrs;
    };

  toolchain = {
    inherit
      system
      dyndrv
      rustc
      cargo
      cc
      tools
      builder
      ;
  };
in

{
  # The source tree: a path, or a store path such as a flake's `self`.
  src,
  # A directory of third-party packages, `<name>-<version>` each, with
  # `.cargo/config.toml`, as `rustPlatform.importCargoLock` makes it.
  vendor,
  # What the result is called.
  pname,
  version ? "",
  # Where the workspace is below `src`.
  workspace ? "",
  # What to build, in the terms of `cargo build`; empty lists mean its defaults.
  packages ? [ ],
  bins ? [ ],
  features ? [ ],
  allFeatures ? false,
  noDefaultFeatures ? false,
  profile ? "release",
  # What cargo calls `--target`: a triple.
  target ? null,
  # What links and compiles C for that target, where the host's `cc` cannot:
  # { linker = a program, as CARGO_TARGET_<triple>_LINKER; packages = [ store paths with bin/ ];
  #   env = { CC_<triple> = …; }, for build scripts; }
  targetTools ? { },
  rustflags ? null,
  # Build packages that ask for a newer rustc all the same.
  ignoreRustVersion ? false,
  # Environments by crate name:
  # { native = [ paths ]; build = [ paths ]; env = { }; linkArgs = [ ]; rustcArgs = [ ]; }
  crateEnv ? { },
  # Files to add to workspace units by hand: package name → list of globs
  # relative to the package.
  extraSources ? { },
  # Whether units are looked up in binary caches.
  allowSubstitutes ? true,
  # What is checked, and how: see `nix/checks.nix`.
  checks ? { },
  meta ? { },
  passthru ? { },
}:

let
  skeleton = step "skeleton" "skeleton" { skeleton = { inherit src; }; };

  graphOf =
    selection:
    step "graph.json" "graph" {
      graph = {
        inherit
          skeleton
          vendor
          rustc
          cargo
          workspace
          ;
      };
      selection = {
        inherit
          packages
          bins
          features
          allFeatures
          noDefaultFeatures
          profile
          target
          rustflags
          ignoreRustVersion
          ;
        targetLinker = targetTools.linker or null;
      }
      // selection;
    };

  graph = graphOf { };

  settingsOf =
    graph:
    toolchain
    // {
      targetTools = {
        packages = targetTools.packages or [ ];
        env = targetTools.env or { };
      };
      inherit
        graph
        vendor
        crateEnv
        allowSubstitutes
        ;
    };

  settings = settingsOf graph;

  depsPlan = plan "plan-deps" { inherit settings; };

  # The files that any unit can read. It stands between the sources and the plan,
  # so that an edit of any other file goes no further.
  sources = step "sources" "select" {
    select = {
      inherit graph src extraSources;
      rustcArgs = builtins.mapAttrs (_: env: env.rustcArgs or [ ]) crateEnv;
    };
    # What users have in their sources may look like a reference.
    unsafeDiscardReferences.out = true;
  };

  workspacePlan = plan "plan-workspace" {
    inherit settings;
    workspace = {
      src = "${sources}/tree";
      lists = "${sources}/files.json";
      index = builtins.outputOf depsPlan.outPath "index";
    };
  };

  unit = name: builtins.outputOf (builtins.outputOf workspacePlan.outPath "${name}.drv") "out";

  # A derivation of the Nix language with the content of a planned one, made by `program`.
  derive =
    program: name: unit:
    derivation (
      contentAddressed
      // {
        inherit name system unit;
        __structuredAttrs = true;
        builder = program;
        preferLocalBuild = true;
      }
    );

  checked = import ./checks.nix {
    inherit
      plan
      graphOf
      settingsOf
      src
      extraSources
      checker
      clippy
      rustfmt
      ;
    wrap =
      {
        suffix,
        part,
        passthru,
      }:
      derive "${checker}/bin/dyndrv-checker" "${pname}-${suffix}" {
        run = "show";
        of = part;
      }
      // passthru
      // {
        inherit passthru;
      };
  } checks;
in

# This builtin is there if the feature `dynamic-derivations` was on when Nix
# started. A flake's `nixConfig` turns features on after that, and after the
# store was opened without them (which would make Nix 2.34 crash).
if !(builtins ? outputOf) then
  throw "dyndrv: this Nix (${builtins.nixVersion}) runs without the experimental features `ca-derivations` and `dynamic-derivations`. With Nix 2.34 or later, put the line `extra-experimental-features = ca-derivations dynamic-derivations` into nix.conf (and restart the daemon, if there is one), or call `nix --extra-experimental-features 'ca-derivations dynamic-derivations' …`. A flake's nixConfig comes too late for them"
else

  {
    package =
      derive "${builder}/bin/dyndrv-builder" (if version == "" then pname else "${pname}-${version}") {
        run = "assemble";
        parts = [ (unit "result") ];
      }
      // {
        inherit pname version meta;
        passthru = {
          inherit
            skeleton
            graph
            sources
            depsPlan
            workspacePlan
            ;
          checks = checked;
        }
        // passthru;
      };

    checks = checked;
  }
