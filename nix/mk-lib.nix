# The library, from a package set, or from the arguments of `nix/nixpkgs.nix`, of which one is `pkgs`.
arg:

if arg ? stdenv then
  import ./nixpkgs.nix { pkgs = arg; }
else if arg ? pkgs then
  import ./nixpkgs.nix (
    import ./arguments.nix {
      subject = "`mkLib` has";
      known = builtins.functionArgs (import ./nixpkgs.nix);
      standIns = {
        rustToolchain = "The toolchain is `toolchain`, one derivation with rustc and cargo";
        crossPkgs = "The package set of another platform is `pkgs` itself, or the argument `crossPkgs` of `project`";
        system = "The system is that of `pkgs`";
      };
    } arg
  )
else
  throw "dyndrv: `mkLib` needs a package set, as `mkLib nixpkgs.legacyPackages.x86_64-linux`, or `mkLib { inherit pkgs; toolchain = …; }`"
