# dyndrv's library for a package set: nixpkgs, or any in its shape.
{
  # A package set. One for another platform, such as `pkgs.pkgsCross.aarch64-multiplatform` or
  # `pkgs.pkgsStatic`, builds for that platform with the programs of its `buildPackages`.
  pkgs,
  # One derivation with `bin/rustc` and `bin/cargo` (of rust-overlay or fenix, say) for all projects,
  # in place of the set's own; or a function from the package set to it. It builds dyndrv's own
  # programs, too.
  toolchain ? null,
  # Packages with the planner, the unit builder and the checker, if they are not to be built with
  # the toolchain.
  dyndrv ? null,
  builder ? null,
  checker ? null,
}@set:

let
  isCross = set.pkgs.stdenv.hostPlatform.config != set.pkgs.stdenv.buildPlatform.config;
  pkgs = if isCross then set.pkgs.buildPackages else set.pkgs;

  toolchain =
    if builtins.isFunction set.toolchain or null then set.toolchain pkgs else set.toolchain or null;

  bootstrap = import ./bootstrap.nix {
    inherit (pkgs.stdenv.hostPlatform) system;
    inherit (pkgs.stdenv) cc;
    inherit (pkgs) bash coreutils;
    rustc = if toolchain == null then pkgs.rustc else toolchain;
    cargo = if toolchain == null then pkgs.cargo else toolchain;
    vendorOf = lockFileContents: pkgs.rustPlatform.importCargoLock { inherit lockFileContents; };
  };

  tools = {
    dyndrv = if dyndrv == null then bootstrap.dyndrv else dyndrv;
    builder = if builder == null then bootstrap.builder else builder;
    checker = if checker == null then bootstrap.checker else checker;
  };

  project = import ./project.nix {
    inherit pkgs toolchain tools;
    crossPkgs = if isCross then set.pkgs else null;
  };
in
{
  # { package, checks, devShell } of a project: see `nix/project.nix` for the arguments.
  inherit project;

  # The package alone.
  build = args: (project args).package;

  inherit (tools) dyndrv builder checker;

  # The library with other arguments than `pkgs`, as `{ toolchain = …; }`.
  override = change: import ./nixpkgs.nix (set // change);

  # The library with another toolchain: a derivation, or a function from the package set to one.
  overrideToolchain = toolchain: import ./nixpkgs.nix (set // { inherit toolchain; });
}
