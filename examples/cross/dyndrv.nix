{
  # `mkLib pkgs` of dyndrv.
  dyndrv,
  pkgs,
  src ? ./.,
  # The name of a package set in `pkgs.pkgsCross`; null for this machine.
  platform ? settings.platform or "aarch64-multiplatform",
  # Further arguments of `build`, as `{ profile = "dev"; }`.
  settings ? { },
}:

dyndrv.build (
  {
    inherit src;
    crossPkgs = if platform == null then null else pkgs.pkgsCross.${platform};
  }
  // removeAttrs settings [ "platform" ]
)
