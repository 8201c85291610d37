{
  description = "Several libraries and programs";

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
      packages = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = import ./dyndrv.nix {
            inherit pkgs;
            dyndrv = dyndrv.lib.mkLib pkgs;
          };
        }
      );
    };
}
