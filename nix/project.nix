# A project: its package, its checks and its shell, from the arguments that users give.
{
  # The package set of the machine that builds.
  pkgs,
  # The package set of another platform, for projects that name none themselves; or null.
  crossPkgs,
  # One derivation with `bin/rustc` and `bin/cargo`, for projects that name none themselves; or null.
  toolchain,
  # Packages with the planner, the unit builder and the checker.
  tools,
}@set:

let
  inherit (pkgs.stdenv.hostPlatform) system;
  lib = pkgs.lib or { };

  known = name: value: if value == null then { } else { ${name} = value; };

  # Whether a source is there only after something was built: then it is read at evaluation for
  # nothing but what the user has not said.
  isBuilt =
    src:
    let
      contexts = builtins.attrValues (builtins.getContext "${src}");
    in
    builtins.any (context: context ? outputs || context.allOutputs or false) contexts;

  # `primes`: the project is its own base, from which every incremental unit is copied.
  projectOf =
    primes:
    {
      # The source tree: a path, a flake's `self`, or a derivation such as `fetchFromGitHub { … }`.
      src,
      # Where the workspace is below `src`.
      workspace ? "",
      # Where cargo is started below the workspace: in a member's directory it builds that member.
      directory ? "",
      # The lock file, if it is not the one of the workspace: see `nix/lock.nix`.
      cargoLock ? null,
      # Third-party packages, as `cargo vendor` writes them: a directory, or a derivation that makes one,
      # such as `rustPlatform.fetchCargoVendor { … }`. Without it they come from where cargo's
      # configuration in the sources says, if that is among the sources, or else by the lock file.
      vendor ? null,
      # What to build, in the terms of `cargo build`; empty lists mean its defaults.
      packages ? [ ],
      allMembers ? false,
      bins ? [ ],
      features ? [ ],
      allFeatures ? false,
      noDefaultFeatures ? false,
      profile ? "release",
      # One derivation with `bin/rustc` and `bin/cargo` (of rust-overlay or fenix, say), or a set of the
      # packages, in place of nixpkgs': see `nix/toolchain.nix`.
      toolchain ? set.toolchain,
      # The package set of another platform to build for, as `pkgs.pkgsCross.aarch64-multiplatform`:
      # it has the linker, the C compiler and the libraries, and says the triple.
      crossPkgs ? set.crossPkgs,
      # What cargo calls `--target`: a triple.
      target ? if crossPkgs == null then null else crossPkgs.stdenv.hostPlatform.rust.rustcTarget,
      # As the variable RUSTFLAGS: a list.
      rustflags ? null,
      # Build packages that ask for a newer rustc all the same.
      ignoreRustVersion ? false,
      # What all build scripts, links and tests of the project have in their environment, as in
      # `mkDerivation`. Variables of `env` belong to every compilation as well.
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      env ? { },
      # What single crates need besides: see `nix/crate-env.nix`.
      crateEnv ? { },
      # nixpkgs' own entries; `{ }` to start from nothing.
      crateEnvDefaults ? null,
      # Files to add to workspace units by hand: package name → list of globs relative to the package.
      extraSources ? { },
      # Whether units are looked up in binary caches.
      allowSubstitutes ? true,
      # Whether a result is refused that would keep the compilers or the third-party sources in
      # its closure.
      guardClosure ? true,
      # Whether the workspace's units are compiled incrementally, where cargo would.
      incremental ? false,
      # What they start with: an earlier source of the project, or `{ states = …; }`, the `states` of an
      # earlier build; null for nothing.
      incrementalFrom ? null,
      # Whether they keep rustc's state.
      incrementalKeep ? incrementalFrom == null && incrementalDirectory == null,
      # A directory of the machine for rustc's state, which sandboxes have by `extra-sandbox-paths`.
      incrementalDirectory ? null,
      # What is checked, and how: the arguments of `checks.nix`.
      checks ? { },
      # What remains to be done with the result: see `nix/finish.nix`. null for nothing.
      finish ? null,
      # As in nixpkgs; what they leave out comes from the manifests.
      pname ? null,
      version ? null,
      meta ? { },
      passthru ? { },
      ...
    }@args:
    let
      withoutBase = removeAttrs args [
        "incrementalFrom"
        "incrementalKeep"
        "finish"
      ];

      root = if workspace == "" then src else src + "/${workspace}";
      isUnread = isBuilt src;
      # What cargo is asked for, in the words of the step `graph`.
      selection = {
        workspace = allMembers;
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
      };

      manifest = import ./manifest.nix { inherit root directory selection; };
      named = if isUnread then import ./source-name.nix src else { inherit (manifest) pname version; };

      lock = import ./lock.nix { inherit src workspace cargoLock; };
      isLockKnown = !isUnread || lock.isGiven;
      own =
        if isUnread then
          {
            dirs = [ ];
            covers = _: false;
          }
        else
          import ./own-vendor.nix { inherit src workspace; };

      isCross = crossPkgs != null;
      targetPkgs = if isCross then crossPkgs else pkgs;
      targetTools =
        if isCross then
          import ./target-tools.nix { inherit crossPkgs target; }
        else
          { hasCompiler = true; };

      environments =
        pkgs: more:
        import ./environment.nix (
          {
            inherit pkgs nativeBuildInputs env;
          }
          // more
        );
      defaults =
        pkgs:
        if crateEnvDefaults != null then
          crateEnvDefaults
        else
          removeAttrs (pkgs.defaultCrateOverrides or { }) [
            "override"
            "overrideDerivation"
          ];
      hostPlatform = {
        inherit pkgs;
        defaults = defaults pkgs;
        environments = environments pkgs (if isCross then { } else { inherit buildInputs; });
      };
      targetPlatform =
        if !isCross then
          hostPlatform
        else
          {
            pkgs = crossPkgs;
            defaults = defaults crossPkgs;
            environments =
              if targetTools.hasCompiler then environments crossPkgs { inherit buildInputs; } else null;
          };
      fileOf = drv: builtins.unsafeDiscardOutputDependency drv.drvPath;

      crates = import ./crate-env.nix {
        lockedPackages = if isLockKnown then lock.packages else null;
        overrides = crateEnv;
        target = targetPlatform;
        host = if isCross then hostPlatform else null;
      };

      tooled = import ./toolchain.nix {
        inherit toolchain;
        packages = {
          inherit (pkgs) cargo rustfmt;
          rustPlatform = pkgs.rustPlatform or { };
          # In a cross build those whose wrappers know the standard library of the target.
          rustc = if isCross then crossPkgs.buildPackages.rustc else pkgs.rustc;
          clippy = if isCross then crossPkgs.buildPackages.clippy or pkgs.clippy else pkgs.clippy;
        };
      };
      inherit (tooled)
        rustc
        cargo
        clippy
        rustfmt
        ;
      inherit (pkgs.stdenv) cc;

      vendored = import ./vendor.nix {
        inherit
          pkgs
          system
          src
          workspace
          vendor
          lock
          isLockKnown
          own
          ;
        inherit (crates) changes unchecked;
        inherit (tools) dyndrv;
      };

      core = import ./dyndrv.nix {
        inherit
          system
          rustc
          cargo
          cc
          clippy
          rustfmt
          ;
        inherit (tools) dyndrv builder checker;
        environment = fileOf hostPlatform.environments.platform;
        environmentEverywhere = env != { };
      };

      result = core {
        inherit
          workspace
          directory
          selection
          extraSources
          allowSubstitutes
          passthru
          ;
        src = "${src}";
        # Filters of nixpkgs' library tell it.
        origin = src.origSrc or src;
        inherit (vendored) vendor vendorDirectory;
        lockFile = lock.replacement;
        targetTools =
          if isCross then
            {
              inherit (targetTools) linker packages;
              env = { };
            }
            // (
              if targetTools.hasCompiler then
                { environment = fileOf targetPlatform.environments.platform; }
              else
                { }
            )
          else
            { };
        pname = if pname != null then pname else named.pname;
        version = if version != null then version else named.version;
        meta =
          (
            if isUnread then
              if bins != [ ] then known "mainProgram" (builtins.head bins) else { }
            else
              known "mainProgram" manifest.mainProgram
              // known "description" manifest.description
              // known "homepage" manifest.homepage
              // known "license" (import ./license.nix lib manifest.license)
          )
          // meta;
        packageCounts =
          if isLockKnown then
            {
              workspace = builtins.length lock.packages - builtins.length lock.foreign;
              thirdParty = builtins.length lock.foreign;
            }
          else
            {
              workspace = 1;
              thirdParty = 256;
            };
        incremental = import ./incremental.nix {
          inherit
            incremental
            incrementalFrom
            incrementalKeep
            incrementalDirectory
            primes
            src
            ;
          ofSource = src: (projectOf false (withoutBase // { inherit src; })).package;
        };
        crateEnv = crates.environments;
        disallowedRequisites = if guardClosure then compilers else [ ];
        checks = (if isUnread then { } else { inherit (manifest) members; }) // checks;
      };

      # What a result has no use for.
      compilers = map (p: "${p}") (
        [
          rustc
          cargo
          cc
          vendored.vendor
        ]
        ++ (if cc ? cc then [ cc.cc ] else [ ])
        ++ (if cc ? libc.dev.outPath then [ cc.libc.dev ] else [ ])
      );

      shell = import ./shell.nix {
        pkgs = targetPkgs;
        name = result.package.pname;
        toolchain =
          if rustc == cargo then
            [ rustc ]
          else
            [
              rustc
              cargo
              clippy
              rustfmt
            ];
        inherit (tooled) standardLibrary;
        inherit nativeBuildInputs buildInputs env;
        crates = crates.attrs;
      };

      overridable =
        package:
        package
        // {
          # The same with other arguments of `build`.
          override = change: (project (args // changed change)).package;
          overrideAttrs = change: (project (args // changed change)).package;
        };
      changed =
        change:
        if !(builtins.isFunction change) then
          change
        else
          let
            first = change args;
          in
          # As `overrideAttrs` in nixpkgs: `old: { … }`, or `final: old: { … }`.
          if builtins.isFunction first then change (args // first args) args else first;

      package =
        if finish == null then
          result.package
        else
          import ./finish.nix {
            inherit (targetPkgs) stdenv;
            inherit src finish;
            inherit (result) package;
          };
      ofCargo = builtins.filter (import ./is-cargo-variable.nix) (builtins.attrNames env);
      # The project as a base, with each incremental unit copied once: edits end earlier then.
      primed =
        if incremental && incrementalDirectory == null then
          (projectOf true withoutBase).package
        else
          throw "dyndrv: a project is `primed` if it is built with `incremental = true`, and without `incrementalDirectory`";
      known' = import ./arguments.nix {
        subject = "`build` and `project` have";
        known = builtins.functionArgs project;
        standIns = import ./stand-ins.nix;
      } args;
    in
    if ofCargo != [ ] then
      throw "dyndrv: cargo is asked for the units without `env.${builtins.head ofCargo}`. Flags of rustc are the list `rustflags`, the profile is `profile`, the target `target`; what else it says, write into Cargo.toml or .cargo/config.toml"
    else
      builtins.seq known' {
        package = overridable (
          package
          // {
            # For `inputsFrom` of a shell.
            inherit (shell.inputs) nativeBuildInputs buildInputs;
            passthru =
              package.passthru
              // (if incremental then { inherit primed; } else { })
              // {
                tests = result.checks // (package.passthru.tests or { });
              };
          }
        );
        inherit (result) checks;
        # rustc's incremental states, by unit, for `incrementalFrom`.
        states =
          result.package.passthru.states
            or (throw "dyndrv: a project has `states` if it is built with `incremental = true`");
        inherit primed;
        # cargo, rustc, clippy, rustfmt, rust-analyzer, and what the crates of the project need.
        devShell = shell.derivation;
        # A derivation in which plain cargo runs: see `nix/with-cargo.nix`.
        withCargo = import ./with-cargo.nix {
          inherit (targetPkgs) stdenv;
          inherit src workspace;
          vendored = vendored.unpacked;
          lockFile = lock.replacement;
          shell = shell.attrs;
        };
      };

  project = projectOf false;
in
project
