# Crates that need something of the system, in the shape of nixpkgs' `defaultCrateOverrides`.
pkgs: {
  cmake = _: { nativeBuildInputs = [ pkgs.cmake ]; };
  libz-sys = _: {
    nativeBuildInputs = [ pkgs.pkg-config ];
    buildInputs = [ pkgs.zlib ];
  };
  openssl-sys = _: {
    nativeBuildInputs = [ pkgs.pkg-config ];
    buildInputs = [ pkgs.openssl ];
  };
}
