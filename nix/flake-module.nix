# A module of flake-parts: projects as options.
#
#   perSystem.dyndrv.projects.default = { src = self; };
#
# | a project `default` | another one, `server` |
# |---|---|
# | `packages.default` | `packages.server` |
# | `checks.test`, `checks.clippy`, … | `checks.server-test`, … |
# | `devShells.default` | `devShells.server` |
{ lib, flake-parts-lib, ... }:

{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    let
      projects = builtins.mapAttrs (_: config.dyndrv.lib.project) config.dyndrv.projects;
      checksOf =
        name: project:
        lib.mapAttrs' (check: value: {
          name = if name == "default" then check else "${name}-${check}";
          inherit value;
        }) project.checks;
    in
    {
      options.dyndrv = {
        projects = lib.mkOption {
          type = lib.types.lazyAttrsOf lib.types.raw;
          default = { };
          description = "Projects, each by the arguments of `project`.";
        };
        toolchain = lib.mkOption {
          type = lib.types.nullOr lib.types.raw;
          default = null;
          description = "One derivation with rustc and cargo, or a function from the package set to it; null for those of `pkgs`.";
        };
        lib = lib.mkOption {
          type = lib.types.raw;
          description = "The library, for what is not said by `projects`.";
        };
      };
      config = {
        dyndrv.lib = lib.mkDefault (
          import ./nixpkgs.nix {
            inherit pkgs;
            inherit (config.dyndrv) toolchain;
          }
        );
        packages = builtins.mapAttrs (_: project: project.package) projects;
        checks = lib.mkMerge (lib.mapAttrsToList checksOf projects);
        devShells = builtins.mapAttrs (_: project: project.devShell) projects;
      };
    }
  );
}
