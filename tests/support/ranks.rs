//! Whether two series of measurements come from the same distribution: the Mann-Whitney U test.

use std::f64::consts::SQRT_2;

/// What two series have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The middle of the first series.
    pub median_first: f64,
    /// The middle of the second series.
    pub median_second: f64,
    /// How often series of one distribution are at least this far apart, in both directions: 0 to 1.
    pub p: f64,
}

/// Compares two series of the same unit, by their ranks alone: two-sided, with the normal approximation, corrected for
/// ties and for continuity. Good from about 20 values each.
///
/// Panics when a series is empty or holds something that is no number.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Comparison {
    assert!(!first.is_empty() && !second.is_empty(), "there is nothing to compare");
    let mut all: Vec<(f64, bool)> =
        first.iter().map(|value| (*value, true)).chain(second.iter().map(|value| (*value, false))).collect();
    all.sort_by(|a, b| a.0.partial_cmp(&b.0).expect("they are numbers"));
    let (mut ranks_of_first, mut ties) = (0.0, 0.0);
    let mut before = 0;
    for equal in all.chunk_by(|a, b| a.0 == b.0) {
        // Equal values share the middle of their ranks, which count from 1.
        let rank = before as f64 + (equal.len() as f64 + 1.0) / 2.0;
        before += equal.len();
        ranks_of_first += rank * equal.iter().filter(|(_, is_first)| *is_first).count() as f64;
        ties += (equal.len() as f64).powi(3) - equal.len() as f64;
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let u = ranks_of_first - n * (n + 1.0) / 2.0;
    let variance = n * m / 12.0 * (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0)));
    let apart = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    let p = if variance > 0.0 { libm::erfc(apart / variance.sqrt() / SQRT_2) } else { 1.0 };
    Comparison { median_first: median(first), median_second: median(second), p }
}

/// The middle of some numbers.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_about(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 5e-4
    }

    #[test]
    fn figures_are_those_of_the_book() {
        // Mann and Whitney as worked by hand: without ties, n = m = 5, U = 4.
        let (first, second) = ([1.0, 2.0, 4.0, 6.0, 8.0], [3.0, 7.0, 9.0, 10.0, 11.0]);
        let found = mann_whitney(&first, &second);
        // z = (|4 - 12.5| - 0.5) / sqrt(25 * 11 / 12) = 1.6712
        assert!(is_about(found.p, 0.0947), "{found:?}");
        assert_eq!((found.median_first, found.median_second), (4.0, 9.0));
        // With ties: ranks 1.5, 1.5, 4, 4 | 4, 6.5, 6.5, 8; U = 1, variance 16 / 12 * (9 - 36 / 56), z = 1.9472.
        let found = mann_whitney(&[1.0, 1.0, 2.0, 2.0], &[2.0, 3.0, 3.0, 4.0]);
        assert!(is_about(found.p, 0.0515), "{found:?}");
    }

    #[test]
    fn the_same_is_the_same_and_a_shift_is_seen() {
        let first: Vec<f64> = (0..500).map(|n| f64::from(n * 7919 % 500)).collect();
        assert_eq!(mann_whitney(&first, &first).p, 1.0);
        assert_eq!(mann_whitney(&[1.0; 30], &[1.0; 30]).p, 1.0);
        let shifted: Vec<f64> = first.iter().map(|value| value + 60.0).collect();
        let found = mann_whitney(&first, &shifted);
        assert!(found.p < 1e-6, "{found:?}");
        assert!(is_about(found.p, mann_whitney(&shifted, &first).p));
    }

    #[test]
    fn of_one_distribution_one_in_a_hundred_looks_apart() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut series = || (0..200).map(|_| random.f64()).collect::<Vec<f64>>();
        let apart = (0..1_000).filter(|_| mann_whitney(&series(), &series()).p <= 0.01).count();
        assert!((2..=22).contains(&apart), "{apart}");
    }
}
