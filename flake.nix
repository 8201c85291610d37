{
  description = "One content-addressed Nix derivation per cargo unit";

  nixConfig.extra-experimental-features = [
    "ca-derivations"
    "dynamic-derivations"
  ];

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { self, nixpkgs }:
    let
      # Units see their sources below /build, which Nix's sandbox has on Linux alone.
      systems = builtins.filter (s: nixpkgs.legacyPackages ? ${s}) [
        "x86_64-linux"
        "aarch64-linux"
      ];
      attrs =
        names: f:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = f name;
          }) names
        );
      eachSystem = f: attrs systems (system: f nixpkgs.legacyPackages.${system});

      # An example's package, and its checks under names of their own.
      example =
        lib: pkgs: name:
        let
          package = import ./examples/${name}/dyndrv.nix {
            inherit pkgs;
            dyndrv = lib;
          };
          kinds = [
            "test"
            "doctest"
            "clippy"
            "doc"
            "fmt"
          ];
        in
        {
          "example-${name}" = package;
        }
        // builtins.listToAttrs (
          map (kind: {
            name = "example-${name}-${kind}";
            value = package.passthru.checks.${kind};
          }) kinds
        );

      ownProject =
        lib:
        lib.project {
          src = self;
          packages = [ "dyndrv" ];
          checks.denyWarnings = true;
        };
    in
    {
      lib = {
        # `mkLib pkgs` gives `project`, `build` and `buildRustPackage`, with the toolchain and the fetchers of
        # `pkgs`; so does `mkLib { inherit pkgs; toolchain = …; }`, with the arguments of that file.
        mkLib = import ./nix/mk-lib.nix;
        # The core, fed with plain store paths.
        core = import ./nix/dyndrv.nix;
      };

      packages = eachSystem (
        pkgs:
        let
          lib = self.lib.mkLib pkgs;
        in
        {
          default = (ownProject lib).package;
          # The book.
          docs = import ./nix/docs.nix { inherit pkgs; };
          # What plans and builds the above, built by a plain cargo run.
          bootstrap = lib.dyndrv;
          inherit (lib) builder checker;
        }
      );

      # This project and the examples, checked by themselves.
      checks = eachSystem (
        pkgs:
        let
          lib = self.lib.mkLib pkgs;
          # The example of cross builds needs more than every package set has.
          examples = builtins.filter (name: name != "cross") (
            builtins.attrNames (builtins.readDir ./examples)
          );
        in
        builtins.foldl' (all: name: all // example lib pkgs name) (ownProject lib).checks examples
      );

      # `pkgs.dyndrv` is the library.
      overlays.default = import ./nix/overlay.nix;

      # For flake-parts: `perSystem.dyndrv.projects`.
      flakeModules.default = ./nix/flake-module.nix;

      templates.default = {
        path = ./templates/default;
        description = "A Cargo project, built and checked unit by unit";
      };
    };
}
