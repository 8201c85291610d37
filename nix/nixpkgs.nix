# Fills the core's arguments from nixpkgs, or from any package set in its shape.
{
  # A package set. One for another platform, such as `pkgs.pkgsCross.aarch64-multiplatform` or
  # `pkgs.pkgsStatic`, builds for that platform with the programs of its `buildPackages`.
  pkgs,
  # Packages with the planner, the unit builder and the checker, if they are not to be built
  # with the toolchain of `pkgs`.
  dyndrv ? null,
  builder ? null,
  checker ? null,
}@set:

let
  isCross = set.pkgs.stdenv.hostPlatform.config != set.pkgs.stdenv.buildPlatform.config;
  pkgs = if isCross then set.pkgs.buildPackages else set.pkgs;

  inherit (pkgs.stdenv.hostPlatform) system;
  cc = pkgs.stdenv.cc;

  lockedPackages = lockFile: (import ./toml.nix lockFile).package or [ ];

  vendorOf =
    lock: args: pkgs.rustPlatform.importCargoLock ({ allowBuiltinFetchGit = true; } // lock // args);

  # One directory holds one package of a name and version: cargo would take it for all of them.
  requireDistinct =
    lockFile:
    let
      foreign = builtins.filter (p: p ? source) (lockedPackages lockFile);
      byName = builtins.groupBy (p: "${p.name} ${p.version}") foreign;
      several = builtins.filter (name: builtins.length byName.${name} > 1) (builtins.attrNames byName);
      name = builtins.head several;
      sources = builtins.concatStringsSep " and " (map (p: p.source) byName.${name});
    in
    if several == [ ] then
      vendor: vendor
    else
      throw "dyndrv: ${toString lockFile} has ${name} from several sources, ${sources}, which is not supported, nor does `cargo vendor`. Use one of them, by `[patch]` if need be";

  bootstrap = import ./bootstrap.nix {
    inherit system cc;
    inherit (pkgs)
      rustc
      cargo
      bash
      coreutils
      ;
    vendorOf = lockFileContents: vendorOf { inherit lockFileContents; } { };
  };

  tools = {
    dyndrv = if dyndrv == null then bootstrap.dyndrv else dyndrv;
    builder = if builder == null then bootstrap.builder else builder;
    checker = if checker == null then bootstrap.checker else checker;
  };

  # What stdenv puts on every builder's PATH beside the C compiler, and what build
  # scripts of published crates call without anybody having asked for it.
  buildTools = [
    pkgs.coreutils
    pkgs.findutils
    pkgs.diffutils
    pkgs.gnused
    pkgs.gnugrep
    pkgs.gawk
    pkgs.gnutar
    pkgs.gzip
    pkgs.bash
    pkgs.gnumake
    pkgs.perl
    pkgs.pkg-config
    pkgs.cmake
  ];

  requireLock =
    src: lockFile:
    if builtins.pathExists lockFile then
      lockFile
    else
      throw "dyndrv: ${toString lockFile} does not exist. Run `cargo generate-lockfile` and add Cargo.lock to the sources (in a git checkout: `git add Cargo.lock`), or name another one by `cargoLock`";

  # Third-party packages as the core takes them: from the sources' own directories, and the rest by the lock file.
  vendoredOf =
    {
      lockFile,
      vendor,
      args,
      own,
    }:
    let
      lock = import ./toml.nix lockFile;
      foreign = builtins.filter (p: p ? source) (lock.package or [ ]);
      rest = builtins.filter (p: !(own.covers p.source)) foreign;
      directories =
        more:
        import ./vendored.nix (
          {
            inherit system;
            inherit (pkgs) bash coreutils;
            sources = builtins.attrNames (builtins.groupBy (p: p.source) foreign);
          }
          // more
        );
    in
    if vendor ? outPath then
      vendor
    else if vendor != null then
      directories { dirs = [ vendor ]; }
    else if own.dirs == [ ] then
      # By its text: the file itself would bring the whole source tree along, and with it another
      # vendor directory after each edit.
      vendorOf {
        lockFileContents = builtins.unsafeDiscardStringContext (builtins.readFile lockFile);
      } args
    else
      directories {
        inherit (own) dirs;
        rest =
          if rest == [ ] then
            null
          else
            vendorOf { lockFileContents = import ./lock-text.nix { } (lock // { package = rest; }); } args;
      };

  # `{ package, checks }` of a project.
  project =
    {
      src,
      # Where the workspace is below `src`.
      workspace ? "",
      cargoLock ? (if workspace == "" then src + "/Cargo.lock" else src + "/${workspace}/Cargo.lock"),
      # Third-party packages, as `cargo vendor` writes them. Without it they come from where cargo's
      # configuration in the sources says, if that is among the sources, or else from `importCargoLock`.
      vendor ? null,
      # Further arguments of `importCargoLock`: outputHashes, extraRegistries.
      vendorArgs ? { },
      # One derivation with `bin/rustc` and `bin/cargo` (of rust-overlay or
      # fenix, say), in place of nixpkgs'.
      toolchain ? null,
      # The package set of another platform to build for, as `pkgs.pkgsCross.aarch64-multiplatform`:
      # it has the linker, the C compiler and the libraries, and says the triple.
      crossPkgs ? if isCross then set.pkgs else null,
      target ? if crossPkgs == null then null else crossPkgs.stdenv.hostPlatform.rust.rustcTarget,
      pname ? null,
      version ? null,
      crateEnv ? { },
      # What is checked, and how: the arguments of `checks.nix`.
      checks ? { },
      # nixpkgs' own environments; `{ }` to start from nothing.
      crateEnvDefaults ? (if crossPkgs == null then pkgs else crossPkgs).defaultCrateOverrides or { },
      # Further packages on the PATH of every build script.
      nativeBuildInputs ? [ ],
      # As in nixpkgs; what it leaves out comes from the manifests.
      meta ? { },
      ...
    }@args:
    let
      lockFile = requireLock src cargoLock;
      manifest = import ./manifest.nix {
        root = if workspace == "" then src else src + "/${workspace}";
        packages = args.packages or [ ];
        bins = args.bins or [ ];
        features = args.features or [ ];
        allFeatures = args.allFeatures or false;
        noDefaultFeatures = args.noDefaultFeatures or false;
      };
      known = name: value: if value == null then { } else { ${name} = value; };

      core = import ./dyndrv.nix {
        inherit system cc;
        rustc =
          if toolchain != null then
            toolchain
          else if crossPkgs != null then
            crossPkgs.buildPackages.rustc
          else
            pkgs.rustc;
        cargo = if toolchain == null then pkgs.cargo else toolchain;
        clippy =
          if toolchain != null then
            toolchain
          # Its wrapper knows the standard library of the target.
          else if crossPkgs != null then
            crossPkgs.buildPackages.clippy or pkgs.clippy
          else
            pkgs.clippy;
        rustfmt = if toolchain == null then pkgs.rustfmt else toolchain;
        tools = nativeBuildInputs ++ buildTools;
        inherit (tools) dyndrv builder checker;
      };
    in
    core (
      removeAttrs args [
        "cargoLock"
        "vendor"
        "vendorArgs"
        "toolchain"
        "crossPkgs"
        "crateEnvDefaults"
        "nativeBuildInputs"
      ]
      // {
        inherit target;
        packageCounts =
          let
            counted = builtins.partition (p: p ? source) (lockedPackages lockFile);
          in
          {
            workspace = builtins.length counted.wrong;
            thirdParty = builtins.length counted.right;
          };
        targetTools =
          if crossPkgs == null then { } else import ./target-tools.nix { inherit crossPkgs target; };
        src = "${src}";
        vendor = requireDistinct lockFile (vendoredOf {
          inherit lockFile vendor;
          args = vendorArgs;
          own = import ./own-vendor.nix { inherit src workspace; };
        });
        pname = if pname != null then pname else manifest.pname;
        version = if version != null then version else manifest.version;
        meta =
          known "mainProgram" manifest.mainProgram
          // known "description" manifest.description
          // known "homepage" manifest.homepage
          // known "license" (import ./license.nix (pkgs.lib or { }) manifest.license)
          // meta;
        crateEnv = import ./crate-env.nix {
          lockedPackages = lockedPackages lockFile;
          defaults = crateEnvDefaults;
          overrides = crateEnv;
          platform = (if crossPkgs == null then pkgs else crossPkgs).stdenv.hostPlatform.config;
        };
        checks = {
          inherit (manifest) members;
        }
        // checks;
      }
    );

  # The package alone.
  build = args: (project args).package;
in
{
  inherit build project;
  inherit (tools) dyndrv builder checker;
}
