# What is known at evaluation of a source that is there only when something was built: the name and the version of
# what is in it.
src:

let
  # nixpkgs gives this name to what it unpacks.
  anonymous = "source";
  name = src.name or anonymous;
  parsed = builtins.parseDrvName name;
in
{
  # `fetchFromGitHub` and its like have the repository's name.
  pname = src.pname or src.repo or (if name == anonymous then "cargo-workspace" else parsed.name);
  version = src.version or parsed.version;
}
