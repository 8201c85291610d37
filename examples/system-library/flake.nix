{
  description = "A C library of the system";

  # What units as derivations need; Nix asks once whether to trust it.
  nixConfig.extra-experimental-features = [
    "ca-derivations"
    "dynamic-derivations"
  ];

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
    dyndrv.url = "path:../..";
    dyndrv.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, dyndrv, ... }:
    let
      eachSystem =
        f: nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: f (packageFor system));
      packageFor =
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        import ./dyndrv.nix {
          inherit pkgs;
          dyndrv = dyndrv.lib.mkLib pkgs;
        };
    in
    {
      packages = eachSystem (package: {
        default = package;
      });

      # test, doctest, clippy, doc and fmt, and each of them for each package.
      checks = eachSystem (package: package.passthru.checks);
    };
}
