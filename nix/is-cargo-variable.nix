# Whether a variable is for cargo itself, which is asked for the units without the variables of a project:
# its settings, and what takes the place of rustc. Flags of rustc have an argument of their own.
name:
builtins.match "CARGO_(BUILD|PROFILE|TARGET|UNSTABLE|ENCODED)_.*|RUSTC(_WRAPPER)?|RUSTFLAGS" name
!= null
