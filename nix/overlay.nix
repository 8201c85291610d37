# An overlay: `pkgs.dyndrv` is the library for the package set, with what the other overlays change in it.
final: _prev: { dyndrv = import ./nixpkgs.nix { pkgs = final; }; }
