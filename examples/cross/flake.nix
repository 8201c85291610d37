{
  description = "One program for several platforms";

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
    {
      packages.x86_64-linux =
        let
          pkgs = nixpkgs.legacyPackages.x86_64-linux;
          # The argument is a name in `pkgs.pkgsCross`.
          build =
            platform:
            import ./dyndrv.nix {
              inherit pkgs platform;
              dyndrv = dyndrv.lib.mkLib pkgs;
            };
        in
        rec {
          default = aarch64;
          aarch64 = build "aarch64-multiplatform";
          wasm = build "wasi32";
          native = build null;
        };
    };
}
