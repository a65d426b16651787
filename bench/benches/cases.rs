//! Micro-benchmarks: `cargo bench --package portcullis-bench`.

use divan::Bencher;
use portcullis_bench::cases;

fn main() {
    divan::main();
}

#[divan::bench(args = cases::all().unwrap_or_default().into_iter().map(|case| case.name))]
fn part(bencher: Bencher<'_, '_>, name: &str) {
    let all = cases::all().unwrap_or_default();
    if let Some(case) = all.iter().find(|case| case.name == name) {
        bencher.bench_local(|| case.run());
    }
}
