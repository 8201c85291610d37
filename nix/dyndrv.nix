# From a Cargo project to derivations, one for each cargo unit.
#
# Everything here is made of plain store paths: any package set can feed it.
# `nix/project.nix` fills the arguments and states their defaults.
#
#   skeleton ─► graph ─► third-party plan ─► emitters ─► third-party units
#   src ───────────────► workspace plan ───► emitters ─► workspace units ─► wrapper
{
  # The system that the derivations are built on, as `x86_64-linux`.
  system,
  # Store paths with `bin/rustc` and `bin/cargo`.
  rustc,
  cargo,
  # A store path with `bin/cc` (and, as the C++ compiler, `bin/c++`).
  cc,
  # Store paths whose `bin` a build script finds on its PATH; not with `environment`.
  tools ? [ ],
  # A JSON object of strings: the environment in which build scripts run and everything is linked, as
  # `nix/environment.nix` records it. It has the C compiler and its flags. A file of the store, or the
  # derivation (`….drv`) that makes it as its output `out`, which is then built only where it is needed.
  environment,
  # Whether that environment belongs to every compilation as well.
  environmentEverywhere,
  # Store paths with `bin/dyndrv` and `bin/dyndrv-builder`.
  dyndrv,
  builder,
  # A store path with `bin/dyndrv-checker`, for the checks.
  checker,
  # Store paths with `bin/clippy-driver` and `bin/rustfmt`, for the checks.
  clippy,
  rustfmt,
}:

let
  contentAddressed = {
    __contentAddressed = true;
    outputHashAlgo = "sha256";
    outputHashMode = "recursive";
  };

  step = import ./step.nix { inherit system dyndrv; };

  emittersOf = import ./emitters.nix step;

  # How many emitters for so many packages, if one is to write the derivations of `each`.
  emittersFor = each: packages: if packages < each then 1 else (packages + each - 1) / each;

  toolchain = {
    inherit
      system
      dyndrv
      rustc
      cargo
      cc
      tools
      builder
      environment
      environmentEverywhere
      ;
  };
in

{
  # The source tree: a path, or a store path such as a flake's `self`.
  src,
  # Where it comes from, for `dyndrv build`: the directory before Nix copied it.
  origin ? src,
  # A directory of third-party packages, `<name>-<version>` each, with
  # `.cargo/config.toml`, as `rustPlatform.importCargoLock` makes it. A package may be its archive instead, if
  # the file `.dyndrv-manifests` has what cargo reads of it (`nix/archives.nix`).
  vendor,
  # The same without archives, for a cargo that a test starts: the derivation (`….drv`) that makes it, which is
  # then built only for tests that may do so. Null for `vendor` itself.
  vendorDirectory ? null,
  # What the result is called.
  pname,
  version,
  # Where the workspace is below `src`.
  workspace,
  # Where cargo is started below the workspace: in a member's directory it builds that member.
  directory,
  # A lock file in place of the workspace's own; null for that one.
  lockFile,
  # What cargo is asked for: the `selection` of `nix/project.nix`, which the step `graph` reads.
  selection,
  # What links and compiles C for that target, where the host's `cc` cannot:
  # { linker = a program, as CARGO_TARGET_<triple>_LINKER; packages = [ store paths with bin/ ];
  #   env = { CC_<triple> = …; }, for build scripts; environment = as above, for that platform; }
  targetTools,
  # Environments by `<name>-<version>`, or by name:
  # { environment = as above, or { refused = why no unit of the crate can be built; };
  #   hostEnvironment = the same for units of the host, in a build for another platform;
  #   env = { }; linkArgs = [ ]; rustcArgs = [ ]; }
  crateEnv,
  # Files to add to workspace units by hand: package name → list of globs
  # relative to the package.
  extraSources,
  # Whether units are looked up in binary caches.
  allowSubstitutes,
  # How many packages the lock file has, those of the workspace and those of other sources.
  # They decide how many emitters there are, and so how much an edit writes again; nothing else.
  # { workspace; thirdParty; }
  packageCounts,
  # Whether the units of the workspace are compiled incrementally, where cargo would; null for no:
  # { keep = whether they keep rustc's state, as an output of their own; base = what they start with:
  #   null, { plan = the package of another project that keeps state; }, or { states = its `states`; };
  #   copy = whether units are copied from the base that are the same there;
  #   directory = null, or a directory of the machine for all state; }
  incremental,
  # What is checked, and how: see `nix/checks.nix`.
  checks,
  # Store paths that the result must not have in its closure.
  disallowedRequisites,
  meta,
  passthru,
}:

let
  skeleton = step "skeleton" "skeleton" {
    skeleton = { inherit src workspace lockFile; };
    # What users have in their sources may look like a reference.
    unsafeDiscardReferences.out = true;
  };

  # What cargo is asked with, beside the skeleton.
  places = {
    inherit vendor rustc cargo;
    workspace =
      if directory == "" then
        workspace
      else if workspace == "" then
        directory
      else
        "${workspace}/${directory}";
  };

  selectionOf =
    asked:
    selection
    // {
      targetLinker = targetTools.linker or null;
    }
    // asked;

  graphOf =
    asked:
    step "graph.json" "ask" {
      graph = places // {
        inherit skeleton;
      };
      selection = selectionOf asked;
    };

  graph = graphOf (if incremental == null then { } else { incremental = true; });

  settingsOf =
    graph:
    toolchain
    // {
      targetTools = {
        packages = targetTools.packages or [ ];
        env = targetTools.env or { };
        environment = targetTools.environment or null;
      };
      inherit
        graph
        crateEnv
        allowSubstitutes
        vendorDirectory
        ;
    };

  # The same attributes for `dyndrv build`, which makes its graphs itself.
  desk =
    let
      settings = settingsOf "";
    in
    import ./desk.nix {
      inherit step src origin;
      places = places // {
        inherit lockFile;
        root = workspace;
      };
      selection = selectionOf { };
      thirdParty = { inherit settings vendor; };
      workspace = {
        inherit settings;
        workspace = { inherit extraSources; };
      };
      checks = {
        inherit settings;
        workspace = { inherit extraSources; };
        checks = checked.settings;
      };
      checksSelection = selectionOf checked.asked;
    };

  settings = settingsOf graph;

  # All that a derivation can mention besides other derivations and its sources.
  mentionsOf = settings: removeAttrs settings [ "graph" ] // { inherit vendor; };

  # The third-party units of a graph.
  thirdPartyOf =
    settings:
    emittersOf {
      layer = "third-party";
      command = "plan-deps";
      attrs = { inherit settings vendor; };
      count = emittersFor 45 packageCounts.thirdParty;
      mentions = mentionsOf settings;
    };

  thirdParty = thirdPartyOf settings;

  # How the units of the workspace are compiled incrementally, for the planner; the emitters that write
  # what the base's units are; and what else the units can mention.
  incrementally =
    if incremental == null then
      {
        attrs = { };
        emitters = { };
        mentions = { };
      }
    else
      let
        inherit (incremental)
          keep
          base
          copy
          directory
          ;
        ofPlan = base.plan.passthru;
        layer = "base";
        isOfWorkspace = name: builtins.match "workspace-.*" name != null;
        renamed = name: {
          name = "${layer}-${name}";
          value = ofPlan.emitters.${name};
        };
      in
      {
        attrs.incremental = {
          inherit keep copy directory;
          base =
            if base == null then
              null
            else if base ? plan then
              {
                plan = {
                  index = ofPlan.workspacePlan.index.outPath;
                  inherit layer;
                };
              }
            else
              { inherit (base) states; };
        };
        emitters =
          if base ? plan then
            builtins.listToAttrs (
              map renamed (builtins.filter isOfWorkspace (builtins.attrNames ofPlan.emitters))
            )
          else
            { };
        mentions = if base ? states then { inherit (base) states; } else { };
      };

  ofWorkspace =
    let
      # With fewer packages, an edit of a library runs more emitters, one after the other, each with the closure of
      # all units as mounts. With more, an edit of a program writes more derivations again. `bench/scale` decided it.
      count = emittersFor 50 packageCounts.workspace;
    in
    emittersOf {
      layer = "workspace";
      command = "plan-workspace";
      attrs = {
        inherit settings;
        workspace = {
          inherit src extraSources;
          index = thirdParty.plan.index.outPath;
        }
        // incrementally.attrs;
      };
      inherit count;
      named = {
        result = count - 1;
        build-scripts = count - 1;
      }
      // (if incremental == null then { } else { states = count - 1; });
      below = thirdParty.emitters // incrementally.emitters;
      mentions = mentionsOf settings // incrementally.mentions;
    };

  # A derivation of the Nix language with the content of a planned one, made by `program`.
  derive =
    program: name: unit: attrs:
    derivation (
      contentAddressed
      // {
        inherit name system unit;
        __structuredAttrs = true;
        builder = program;
        preferLocalBuild = true;
      }
      // attrs
    );

  # The incremental states of the workspace's units, by unit.
  states = derive "${builder}/bin/dyndrv-builder" "${pname}-states" {
    run = "states-of";
    list = ofWorkspace.output "states";
  } { };

  checked = import ./checks.nix {
    inherit
      emittersOf
      emittersFor
      packageCounts
      graphOf
      settingsOf
      mentionsOf
      thirdPartyOf
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
      } { }
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
# An older Nix also has the builtin, and then refuses to build what a build has written, with an error that does not say why.
# NixOS/nix#13186 brought that back for 2.30. Only 2.34 and later are tested; those in between are let through.
else if builtins.compareVersions builtins.nixVersion "2.30" < 0 then
  throw "dyndrv: this Nix (${builtins.nixVersion}) does not build derivations that a build has written. It needs Nix 2.34 or later: install that, for the daemon too, if there is one"
else

  {
    package =
      derive "${builder}/bin/dyndrv-builder" (if version == "" then pname else "${pname}-${version}")
        {
          run = "assemble";
          parts = [ (ofWorkspace.output "result") ];
        }
        {
          outputChecks.out = { inherit disallowedRequisites; };
        }
      // {
        inherit pname version meta;
        passthru = {
          inherit skeleton graph desk;
          # The plans of the two layers, and the emitters of both.
          thirdPartyPlan = thirdParty.plan;
          workspacePlan = ofWorkspace.plan;
          inherit (ofWorkspace) emitters;
          # All steps before the units, for `dyndrv outputs`.
          steps = {
            inherit skeleton graph;
            third-party-plan = thirdParty.plan;
            workspace-plan = ofWorkspace.plan;
          }
          // ofWorkspace.emitters;
          # `<profile>/build/<package>-…/out` of all build scripts, as in cargo's target directory.
          buildScripts = derive "${builder}/bin/dyndrv-builder" "build-scripts" {
            run = "assemble";
            parts = [ (ofWorkspace.output "build-scripts") ];
            directories = [ "." ];
          } { };
          inherit (checked) checks;
        }
        // (if incremental == null then { } else { inherit states; })
        // passthru;
      };

    inherit (checked) checks;
  }
