// SPDX-License-Identifier: MPL-2.0
//! The table of rules, and the one in docs/packager.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::RULES;
use super::rule::{ProfileDemand, ProfileRule};
use crate::inspect::findings::Severity;

const DOCUMENT: &str = include_str!("../../../../docs/packager.md");

fn rules() -> impl Iterator<Item = &'static ProfileRule> {
    RULES.into_iter().flatten()
}

/// Returns the row of a rule in the document.
fn row(rule: &ProfileRule) -> String {
    let demands: Vec<String> = rule.demands.iter().map(demand_text).collect();
    format!(
        "| `{}` | {} | {} | {} |",
        rule.code,
        rule.cause,
        rule.remedy,
        demands.join("<br>")
    )
}

fn demand_text(demand: &ProfileDemand) -> String {
    let mut text = String::new();
    for profile in demand.profiles {
        let separator = if text.is_empty() { "" } else { ", " };
        write!(text, "{separator}`{}`", profile.name()).unwrap();
    }
    let severity = match demand.severity {
        Severity::Error => "",
        Severity::Warning => " (warning)",
        Severity::Note => " (note)",
    };
    format!("{text}{severity}: {}", demand.source)
}

#[test]
fn document_has_the_table_of_rules() {
    let rows: Vec<String> = rules().map(row).collect();
    let documented: Vec<&str> = DOCUMENT
        .lines()
        .skip_while(|line| *line != "| code | found | remedy | demanded by |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(documented, rows, "expected:\n{}", rows.join("\n"));
}

#[test]
fn codes_are_unique_and_no_profile_has_two_demands_of_a_rule() {
    let codes: BTreeSet<_> = rules().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), rules().count());
    for rule in rules() {
        let profiles: Vec<_> = rule
            .demands
            .iter()
            .flat_map(|demand| demand.profiles)
            .map(|profile| profile.name())
            .collect();
        let different: BTreeSet<_> = profiles.iter().collect();
        assert_eq!(different.len(), profiles.len(), "{}", rule.code);
    }
}

#[test]
fn remedies_name_options_of_the_program() {
    use clap::CommandFactory;

    let mut program = crate::CommandLine::command();
    let help: String = ["protect", "package"]
        .into_iter()
        .map(|name| {
            let command = program.find_subcommand_mut(name).unwrap();
            command.render_long_help().to_string()
        })
        .collect();
    for rule in rules() {
        let options = rule
            .remedy
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| word.starts_with("--"));
        for option in options {
            assert!(help.contains(option), "{}: {option}", rule.code);
        }
    }
}
