{
  # `mkLib pkgs` of dyndrv.
  dyndrv,
  pkgs,
  src ? ./.,
  # Further arguments of `build`, as `{ profile = "dev"; }`.
  settings ? { },
}:

dyndrv.build (
  {
    inherit src;
    # A workspace without a package at its root has no name of its own.
    pname = "squeeze";
    # In the shape of nixpkgs' `defaultCrateOverrides`.
    crateEnv.zlib-binding = _: {
      nativeBuildInputs = [ pkgs.pkg-config ];
      buildInputs = [ pkgs.zlib ];
    };
  }
  // settings
)
