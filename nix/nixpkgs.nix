# dyndrv's library for a package set: nixpkgs, or any in its shape.
{
  # A package set. One for another platform, such as `pkgs.pkgsCross.aarch64-multiplatform` or
  # `pkgs.pkgsStatic`, builds for that platform with the programs of its `buildPackages`.
  pkgs,
  # One derivation with `bin/rustc` and `bin/cargo` (of rust-overlay or fenix, say), or a set of the
  # packages (see `nix/toolchain.nix`), for all projects, in place of the package set's own; or a function from the
  # package set to it. It builds dyndrv's own programs, too.
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
    inherit
      (import ./toolchain.nix {
        inherit toolchain;
        packages = pkgs;
      })
      rustc
      cargo
      ;
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

  buildRustPackage = {
    __functor =
      _:
      import ./rust-package {
        inherit pkgs project;
        targetPkgs = set.pkgs;
      };
    # As in nixpkgs, with another C compiler or another toolchain: `{ stdenv = clangStdenv; }`.
    override =
      change:
      let
        given = import ./arguments.nix {
          subject = "`buildRustPackage.override` has";
          known = {
            stdenv = null;
            rustc = null;
            cargo = null;
          };
          standIns = { };
        } change;
        stdenv = given.stdenv or set.pkgs.stdenv;
      in
      (import ./nixpkgs.nix (
        set
        // tools
        // {
          pkgs = set.pkgs // {
            inherit stdenv;
          };
          toolchain =
            if given ? rustc || given ? cargo then
              {
                inherit (pkgs)
                  rustc
                  cargo
                  clippy
                  rustfmt
                  ;
              }
              // removeAttrs given [ "stdenv" ]
            else
              toolchain;
        }
      )).buildRustPackage;
  };
in
{
  # { package, checks, devShell, withCargo } of a project: see `nix/project.nix` for the arguments.
  inherit project;

  # The package alone.
  build = args: (project args).package;

  # As nixpkgs' own, with units in place of cargo: see `nix/rust-package`.
  inherit buildRustPackage;

  # nixpkgs' `rustPlatform` with that function, for a package that asks for it.
  rustPlatform = set.pkgs.rustPlatform // {
    inherit buildRustPackage;
  };

  inherit (tools) dyndrv builder checker;

  # The library with other arguments than `pkgs`, as `{ toolchain = …; }`.
  override = change: import ./mk-lib.nix (set // change);

  # The library with another toolchain: a derivation, or a function from the package set to one.
  overrideToolchain = toolchain: import ./nixpkgs.nix (set // { inherit toolchain; });
}
