//! What was measured, round by round, and how it is told.

use serde::Serialize;
use serde_json::{Value, json};

use crate::contestant::Contestant;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    Higher,
    Lower,
    /// It only explains the others.
    Neither,
}

/// One thing measured, a value for each round.
#[derive(Debug)]
struct Figure {
    load: &'static str,
    name: &'static str,
    better: Better,
    /// As `Contestant::ALL`.
    values: [Vec<f64>; Contestant::ALL.len()],
}

/// All figures.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    /// Adds the value of one round; a value that is not known is left out.
    pub(crate) fn add(
        &mut self,
        contestant: Contestant,
        load: &'static str,
        name: &'static str,
        better: Better,
        value: Option<f64>,
    ) {
        let found = self.0.iter().position(|figure| figure.load == load && figure.name == name);
        let at = found.unwrap_or_else(|| {
            self.0.push(Figure { load, name, better, values: Default::default() });
            self.0.len() - 1
        });
        self.0[at].values[contestant as usize].extend(value);
    }

    /// A table: medians, the range they are from, and how many times better Plenary is.
    pub(crate) fn table(&self) -> String {
        let mut lines = Vec::new();
        let mut load = "";
        for figure in &self.0 {
            if figure.load != load {
                load = figure.load;
                let [ours, theirs] = Contestant::ALL.map(Contestant::name);
                lines.push(format!("\n{load:<34} {ours:>28} {theirs:>28} {:>8}", "ahead"));
            }
            let [ours, theirs] = figure.values.each_ref().map(|values| told(values));
            let ahead = figure.ahead().map_or_else(|| "-".to_owned(), |ahead| format!("{ahead:.2}x"));
            lines.push(format!("  {:<32} {ours:>28} {theirs:>28} {ahead:>8}", figure.name));
        }
        lines.join("\n")
    }

    /// The same for programs, with the value of each round.
    pub(crate) fn json(&self) -> Value {
        let figures = self.0.iter().map(|figure| {
            let of = |contestant: Contestant| {
                let values = &figure.values[contestant as usize];
                json!({ "median": median(values), "rounds": values })
            };
            json!({
                "load": figure.load,
                "figure": figure.name,
                "better": figure.better,
                "plenary": of(Contestant::Plenary),
                "hocuspocus": of(Contestant::Hocuspocus),
                "ahead": figure.ahead(),
            })
        });
        figures.collect()
    }
}

impl Figure {
    fn ahead(&self) -> Option<f64> {
        let [ours, theirs] = self.values.each_ref().map(|values| median(values));
        let ratio = match self.better {
            Better::Higher => ours? / theirs?,
            Better::Lower => theirs? / ours?,
            Better::Neither => return None,
        };
        ratio.is_finite().then_some(ratio)
    }
}

fn told(values: &[f64]) -> String {
    let Some(median) = median(values) else {
        return "-".to_owned();
    };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} ({} to {})", short(median), short(least), short(most))
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}
