// SPDX-License-Identifier: MPL-2.0
//! Times variants of the same work in turns. Other work of the machine slows all variants alike, and the quickest of many
//! turns hardly at all: the ratios of the times hold even where the times do not. Benchmark frameworks time one variant
//! after the other.
#![expect(clippy::print_stdout, reason = "benchmarks print")]

use std::time::{Duration, Instant};

/// One way to do the work, with the state that it changes.
pub struct Variant<'v> {
    name: String,
    work: Box<dyn FnMut() + 'v>,
    best: Duration,
}

impl<'v> Variant<'v> {
    /// A variant with the name that the report shows.
    pub fn new(name: impl Into<String>, work: impl FnMut() + 'v) -> Self {
        Self {
            name: name.into(),
            work: Box::new(work),
            best: Duration::MAX,
        }
    }
}

/// Times `variants` in turns. Prints the speed of each over `bytes`, and its ratio to the first.
pub fn compare(title: &str, bytes: usize, mut variants: Vec<Variant<'_>>) {
    const AT_LEAST: Duration = Duration::from_millis(400);
    let start = Instant::now();
    let mut turns = 0;
    while turns < 15 || start.elapsed() < AT_LEAST {
        for variant in &mut variants {
            let begin = Instant::now();
            (variant.work)();
            variant.best = variant.best.min(begin.elapsed());
        }
        turns += 1;
    }
    println!("{title}");
    let first = variants.first().map_or(Duration::MAX, |first| first.best);
    for Variant { name, best, .. } in variants {
        let seconds = best.as_secs_f64();
        let speed = bytes as f64 / seconds / 1e9;
        let ratio = first.as_secs_f64() / seconds;
        println!(
            "    {name:34} {:10.1} µs {speed:8.2} GB/s {ratio:6.2} x",
            seconds * 1e6
        );
    }
}
