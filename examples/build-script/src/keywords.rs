//! The reserved words; generated from `keywords.txt`.

include!(concat!(env!("OUT_DIR"), "/keywords.rs"));
