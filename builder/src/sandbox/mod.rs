//! What a unit finds below the sandbox's build directory.
//!
//! | module | brings |
//! |---|---|
//! | [`bundle`] | source files, from one file that holds them all |

pub mod bundle;
