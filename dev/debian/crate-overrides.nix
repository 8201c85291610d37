# Crates that need something of the system, in the shape of nixpkgs' `defaultCrateOverrides`.
pkgs: {
  cmake = _: { nativeBuildInputs = [ pkgs.cmake ]; };
  libz-sys = _: {
    nativeBuildInputs = [ pkgs.pkg-config ];
    buildInputs = [ pkgs.zlib ];
    extraLinkFlags = [ "-L${pkgs.zlib}/lib" ];
  };
  openssl-sys = _: {
    nativeBuildInputs = [ pkgs.pkg-config ];
    buildInputs = [ pkgs.openssl ];
  };
  # nixpkgs has entries whose packages do not evaluate on each platform, …
  alsa-sys = _: {
    nativeBuildInputs = [ pkgs.pkg-config ];
    buildInputs = [ pkgs.alsa-lib ];
  };
  # … and some that change sources where buildRustCrate does otherwise than cargo.
  proc-macro-crate =
    attrs:
    if builtins.compareVersions attrs.version "2.0" < 0 then
      { }
    else
      {
        postPatch = "exit 1";
      };
  rink = _: { crateBin = [ { name = "rink"; } ]; };
}
