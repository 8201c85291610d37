# A source as a lock file names it, in the terms of cargo's configuration:
#
#   name         the key below `[source]`, as `cargo vendor` writes it
#   definition   what stands there: { git; branch, tag or rev }, or { registry }; nothing for the public registry
source:

let
  address = builtins.head (builtins.split "#" source);
  git = builtins.match "git[+]([^?]+)([?](branch|tag|rev)=(.*))?" address;
  at = builtins.elemAt git;
  registry = builtins.match "registry[+](.*)" address;

  # cargo writes all but letters, digits and `*-._` as %XX; names of branches have no others than these.
  decode =
    builtins.replaceStrings
      [
        "%21"
        "%22"
        "%23"
        "%24"
        "%25"
        "%26"
        "%27"
        "%28"
        "%29"
        "%2B"
        "%2C"
        "%2F"
        "%3B"
        "%3C"
        "%3D"
        "%3E"
        "%40"
        "%5D"
        "%60"
        "%7B"
        "%7C"
        "%7D"
      ]
      [
        "!"
        "\""
        "#"
        "$"
        "%"
        "&"
        "'"
        "("
        ")"
        "+"
        ","
        "/"
        ";"
        "<"
        "="
        ">"
        "@"
        "]"
        "`"
        "{"
        "|"
        "}"
      ];
in

if address == "registry+https://github.com/rust-lang/crates.io-index" then
  {
    name = "crates-io";
    definition = { };
  }
else
  {
    name = address;
    definition =
      if git != null then
        { git = at 0; } // (if at 1 == null then { } else { ${at 2} = decode (at 3); })
      # A sparse registry's prefix is part of its address.
      else
        { registry = if registry == null then address else builtins.head registry; };
  }
