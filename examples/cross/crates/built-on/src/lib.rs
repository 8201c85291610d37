//! A procedural macro runs inside the compiler: on the host, whatever the target is.

use proc_macro::TokenStream;

/// The architecture of the machine that compiles, as a string literal.
#[proc_macro]
pub fn arch(_: TokenStream) -> TokenStream {
    let arch = proc_macro::Literal::string(std::env::consts::ARCH);
    TokenStream::from(proc_macro::TokenTree::from(arch))
}
