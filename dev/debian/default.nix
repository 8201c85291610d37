# The package set without flakes: `import <this> { }`, as one imports nixpkgs.
{ ... }:
import ./packages.nix {
  paths = import ./paths.nix;
  cross = import ./cross.nix;
}
