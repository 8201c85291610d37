# Stands in for the flake input `nixpkgs`. dev/nix puts it, with paths.nix, into the cache directory.
{
  description = "A Debian toolchain in nixpkgs' shape";
  outputs = _: {
    legacyPackages.x86_64-linux = import ./. { };
    # What flakes of Rust projects commonly use of nixpkgs' library.
    lib.genAttrs =
      names: value:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = value name;
        }) names
      );
  };
}
