// SPDX-License-Identifier: Apache-2.0
fn main() {
    let text = std::env::args().nth(1).expect("a text");
    println!("{}{}", hex::encode(text), if cfg!(feature = "loud") { "!" } else { "" });
}
