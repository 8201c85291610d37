# nixpkgs' `fetchurl`, as far as it fetches archives of crates: `crate-<name>-<version>.tar.gz`.
#
# They are not downloaded here: dev/nix lets cargo fetch them, from whatever registry this machine's
# cargo is configured for, and puts them into the store under the checksums of the lock.
{ system, busybox }:
{
  name,
  url,
  sha256,
}:
let
  matched = builtins.match "crate-(.*)[.]tar[.]gz" name;
  crate = builtins.head matched;
in
if matched == null then
  throw "fetchurl: only the archives of crates are in the store, not ${url}"
else
  derivation {
    inherit name system url;
    builder = "${busybox}/bin/sh";
    outputHashMode = "flat";
    outputHashAlgo = "sha256";
    outputHash = sha256;
    preferLocalBuild = true;
    args = [
      "-c"
      ''
        echo "the archive of ${crate} is not in the store: run this command through dev/nix, which fetches the crates of every tracked Cargo.lock (of others, when DYNDRV_LOCKS names them), and mind its warnings" >&2
        exit 1
      ''
    ];
  }
