//! The peer a-tree: answers the tasks of bench/peers_comparison.py, one line
//! of JSON each.
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use a_tree::{ATree, AttributeDefinition, EventBuilder};
use serde_json::{Value, json};

/// What an attribute of the tree holds; every attribute has one kind.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Boolean,
    Integer,
    Float,
    Text,
    TextList,
}

fn kind_of(value: &Value) -> Option<Kind> {
    match value {
        Value::Bool(_) => Some(Kind::Boolean),
        Value::String(_) => Some(Kind::Text),
        Value::Number(number) if number.is_f64() => Some(Kind::Float),
        Value::Number(_) => Some(Kind::Integer),
        Value::Array(items) => items
            .iter()
            .all(Value::is_string)
            .then_some(Kind::TextList),
        _ => None,
    }
}

/// The fields that rules mention, with the kind that events give them.
type Attributes = BTreeMap<String, Kind>;

fn mention(rule: &Value, fields: &mut Vec<String>) {
    for part in ["all", "any"] {
        for inner in rule[part].as_array().into_iter().flatten() {
            mention(inner, fields);
        }
    }
    if let Some(inner) = rule.get("not") {
        mention(inner, fields);
    }
    if let Some(field) = rule["field"].as_str() {
        fields.push(field.to_string());
    }
}

fn attributes_of(rules: &[Value], events: &[String]) -> Result<Attributes, String> {
    let mut fields = Vec::new();
    rules.iter().for_each(|rule| mention(rule, &mut fields));
    fields.sort();
    fields.dedup();
    let mut attributes = Attributes::new();
    for event in events {
        let document: Value = serde_json::from_str(event).expect("JSON");
        for field in &fields {
            let Some(kind) = document.get(field).and_then(kind_of) else {
                continue;
            };
            if *attributes.entry(field.clone()).or_insert(kind) != kind {
                return Err(format!("{field} is of several types"));
            }
        }
    }
    Ok(attributes)
}

/// The rule in the crate's language, or why it cannot be said there.
fn translate(rule: &Value) -> Result<String, String> {
    for (part, word) in [("all", " and "), ("any", " or ")] {
        if let Some(inner) = rule[part].as_array() {
            let texts: Result<Vec<_>, _> = inner.iter().map(translate).collect();
            return Ok(format!("({})", texts?.join(word)));
        }
    }
    if let Some(inner) = rule.get("not") {
        return Ok(format!("not ({})", translate(inner)?));
    }
    let (Some(field), Some(op)) = (rule["field"].as_str(), rule["op"].as_str()) else {
        return Err("no CEL".to_string());
    };
    let value = match &rule["value"] {
        // The crate's language has no exponents.
        Value::Number(number) if number.is_f64() => {
            format!("{:.6}", number.as_f64().unwrap_or_default())
        }
        other => other.to_string(),
    };
    match op {
        "==" => Ok(format!("{field} = {value}")),
        "!=" => Ok(format!("{field} <> {value}")),
        "<" | "<=" | ">" | ">=" => Ok(format!("{field} {op} {value}")),
        "in" => Ok(format!("{field} in {value}")),
        "contains" => Ok(format!("{field} one of [{value}]")),
        _ => Err(format!("no {op}")),
    }
}

#[derive(Default)]
struct Peer {
    rules: Vec<Value>,
    texts: Vec<String>,
    events: Vec<String>,
    attributes: Attributes,
    tree: Option<ATree<u64>>,
}

impl Peer {
    /// Reading and translating is not measured.
    fn load(&mut self, task: &Value) -> Result<Value, String> {
        for line in lines(&task["rules"]) {
            let line: Value = serde_json::from_str(&line).expect("JSON");
            self.rules.push(line["rule"].clone());
        }
        self.events = lines(&task["events"]);
        self.attributes = attributes_of(&self.rules, &self.events)?;
        let texts: Result<Vec<_>, _> = self.rules.iter().map(translate).collect();
        self.texts = texts?;
        self.rules = Vec::new();
        Ok(json!({"rules": self.texts.len()}))
    }

    fn build(&mut self) -> Result<Value, String> {
        let definitions: Vec<_> = self
            .attributes
            .iter()
            .map(|(name, kind)| match kind {
                Kind::Boolean => AttributeDefinition::boolean(name),
                Kind::Integer => AttributeDefinition::integer(name),
                Kind::Float => AttributeDefinition::float(name),
                Kind::Text => AttributeDefinition::string(name),
                Kind::TextList => AttributeDefinition::string_list(name),
            })
            .collect();
        let before = resident_bytes();
        let mut tree = ATree::new(&definitions).map_err(|e| e.to_string())?;
        let start = Instant::now();
        for (i, text) in self.texts.iter().enumerate() {
            tree.insert(&(i as u64), text).map_err(|e| e.to_string())?;
        }
        let seconds = start.elapsed().as_secs_f64();
        self.tree = Some(tree);
        Ok(json!({"seconds": seconds, "bytes": resident_bytes() - before}))
    }

    fn check(&self, task: &Value) -> Result<Value, String> {
        let (mut checksum, mut matches) = (0u64, 0usize);
        for i in 0..task["count"].as_u64().expect("a count") {
            self.matching(i as usize, |rule| {
                matches += 1;
                checksum = checksum.wrapping_add(pair(i, rule));
            })?;
        }
        Ok(json!({"matches": matches, "checksum": checksum.to_string()}))
    }

    fn time(&self, task: &Value) -> Result<Value, String> {
        let seconds = task["seconds"].as_f64().expect("seconds");
        let start = Instant::now();
        let mut runs = 0usize;
        loop {
            let batch = if runs < 64 { 1 } else { 64 };
            for _ in 0..batch {
                self.matching(runs % self.events.len(), |rule| {
                    std::hint::black_box(rule);
                })?;
                runs += 1;
            }
            let elapsed = start.elapsed().as_secs_f64();
            if elapsed >= seconds {
                return Ok(json!({"events": runs, "seconds": elapsed}));
            }
        }
    }

    fn remove(&mut self, task: &Value) -> Result<Value, String> {
        let tree = self.tree.as_mut().expect("a tree");
        let start = Instant::now();
        for i in 0..task["count"].as_u64().expect("a count") {
            tree.delete(&i);
        }
        Ok(json!({"seconds": start.elapsed().as_secs_f64()}))
    }

    /// Calls `found` with the rules that the event matches, from raw JSON.
    fn matching(&self, i: usize, mut found: impl FnMut(u64)) -> Result<(), String> {
        let tree = self.tree.as_ref().expect("a tree");
        let document: Value =
            serde_json::from_str(&self.events[i]).map_err(|e| e.to_string())?;
        let mut builder = tree.make_event();
        for (name, kind) in &self.attributes {
            if let Some(value) = document.get(name) {
                set(&mut builder, name, *kind, value)?;
            }
        }
        let event = builder.build().map_err(|e| e.to_string())?;
        let report = tree.search(&event).map_err(|e| e.to_string())?;
        report.matches().iter().for_each(|rule| found(**rule));
        Ok(())
    }
}

fn set(
    builder: &mut EventBuilder<'_>,
    name: &str,
    kind: Kind,
    value: &Value,
) -> Result<(), String> {
    match kind {
        Kind::Boolean => builder.with_boolean(name, value == &Value::Bool(true)),
        Kind::Integer => builder.with_integer(name, value.as_i64().ok_or("no integer")?),
        Kind::Float => {
            // Six decimals, which is what the workloads write.
            let number = value.as_f64().ok_or("no number")? * 1e6;
            builder.with_float(name, number.round() as i64, 6)
        }
        Kind::Text => builder.with_string(name, value.as_str().ok_or("no string")?),
        Kind::TextList => {
            let items = value.as_array().ok_or("no list")?;
            let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            builder.with_string_list(name, &texts)
        }
    }
    .map_err(|e| e.to_string())
}

/// bench/measure/checksum.h.
fn pair(event: u64, rule: u64) -> u64 {
    let place = event
        .wrapping_mul(1_000_003)
        .wrapping_add(rule)
        .wrapping_add(1);
    place.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ rule.wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn lines(path: &Value) -> Vec<String> {
    let text = fs::read_to_string(path.as_str().expect("a path")).expect("a file");
    text.lines().map(str::to_string).collect()
}

fn resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = text.split(' ').nth(1).expect("a number");
    pages.parse::<u64>().expect("a number") * 4096
}

fn main() {
    let mut peer = Peer::default();
    for line in io::stdin().lock().lines() {
        let task: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let answer = match task["task"].as_str().expect("a task") {
            "load" => peer.load(&task),
            "build" => peer.build(),
            "check" => peer.check(&task),
            "match" => peer.time(&task),
            _ => peer.remove(&task),
        };
        let answer = answer.unwrap_or_else(|reason| json!({"cannot": reason}));
        println!("{answer}");
        io::stdout().flush().expect("a reader");
    }
}
