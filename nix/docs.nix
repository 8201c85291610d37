# The book, as pages.
{ pkgs }:

derivation {
  name = "dyndrv-docs";
  inherit (pkgs.stdenv.hostPlatform) system;
  builder = "${pkgs.bash}/bin/bash";
  args = [
    "-euc"
    # mdbook looks for nothing but the book; `exit` because Nix takes a closed standard output for the end.
    ''
      ${pkgs.mdbook}/bin/mdbook build --dest-dir "$out" ${../docs}
      exit 0
    ''
  ];
}
