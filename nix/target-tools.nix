# What the core's `targetTools` hold for a package set of another platform, and the variables by which
# crates find its compiler.
{
  crossPkgs,
  # The triple, as rustc names it.
  target,
}:

let
  # A set for WebAssembly may have no C compiler.
  cc = crossPkgs.stdenv.cc or null;
  prefix = cc.targetPrefix;
  variable = name: "${name}_${builtins.replaceStrings [ "-" "." ] [ "_" "_" ] target}";
  isWasm = crossPkgs.stdenv.hostPlatform.isWasm or false;
  inherit (crossPkgs.buildPackages) lld;
in
{
  # rustc brings along what WebAssembly is linked with, except for the linker.
  linker = if isWasm then "${lld}/bin/wasm-ld" else "${cc}/bin/${prefix}cc";
  packages = if isWasm then [ "${lld}" ] else [ ];
  hasCompiler = cc != null;
  env = {
    ${variable "CC"} = "${cc}/bin/${prefix}cc";
    ${variable "CXX"} = "${cc}/bin/${prefix}c++";
    ${variable "AR"} = "${cc.bintools or cc}/bin/${prefix}ar";
  };
}
