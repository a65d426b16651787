//! What `npm run build` has made in `console/` goes into the release build.

fn main() {
    // The directory is always there; what is in it may come and go.
    println!("cargo::rerun-if-changed=../../console/dist");
}
