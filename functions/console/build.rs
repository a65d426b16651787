//! Embeds the output of `npm run build` in `console/` into the release build.

fn main() {
    // The directory always exists; its contents may not.
    println!("cargo::rerun-if-changed=../../console/dist");
}
