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
      systems = builtins.filter (s: nixpkgs.legacyPackages ? ${s}) [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      eachSystem =
        f:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = f nixpkgs.legacyPackages.${name};
          }) systems
        );
    in
    {
      lib = {
        # `mkLib pkgs` gives `build`, with the toolchain and the fetchers of `pkgs`.
        mkLib = pkgs: import ./nix/nixpkgs.nix { inherit pkgs; };
        # The core, fed with plain store paths.
        core = import ./nix/dyndrv.nix;
      };

      packages = eachSystem (
        pkgs:
        let
          lib = self.lib.mkLib pkgs;
        in
        {
          default = lib.build {
            src = self;
            packages = [ "dyndrv" ];
          };
          # What plans and builds the above, built by a plain cargo run.
          bootstrap = lib.dyndrv;
          inherit (lib) builder;
        }
      );
    };
}
