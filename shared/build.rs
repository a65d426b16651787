//! Makes JSON of `infra/catalog.toml`, so that no function has to carry a TOML parser.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders in no other way")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../infra/catalog.toml");
    writeln!(io::stdout(), "cargo::rerun-if-changed={}", source.display())?;
    let document: serde_json::Value = toml::from_str(&fs::read_to_string(source)?)?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("catalog.json");
    fs::write(target, document.to_string())?;
    Ok(())
}
