{
  description = "A Cargo project, built and checked unit by unit";

  # What units as derivations need; Nix asks once whether to trust it.
  nixConfig.extra-experimental-features = [
    "ca-derivations"
    "dynamic-derivations"
  ];

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
    dyndrv.url = "git+https://example.org/dyndrv";
    dyndrv.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    {
      self,
      nixpkgs,
      dyndrv,
    }:
    let
      eachSystem =
        f: nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: f (projectFor system));
      projectFor =
        system:
        (dyndrv.lib.mkLib nixpkgs.legacyPackages.${system}).project {
          src = self;
          checks = {
            # Warnings of clippy and rustdoc fail.
            denyWarnings = true;
            # Seconds that one test executable may run.
            testTimeout = 600;
          };
        };
    in
    {
      # nix build, nix run
      packages = eachSystem (project: {
        default = project.package;
      });

      # nix flake check: test, doctest, clippy, doc and fmt, and each of them for
      # each package of the workspace. One of them: nix build .#checks.x86_64-linux.test
      checks = eachSystem (project: project.checks);

      # nix develop: cargo, rustc, clippy, rustfmt, and what the crates need.
      devShells = eachSystem (project: {
        default = project.devShell;
      });
    };
}
