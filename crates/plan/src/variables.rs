//! Fills in variables: `${name}` in a value becomes what `variables` or the command line says it is.

use crate::faults::{self, Fault, Place};
use crate::file::{NAME_HELP, is_name};
use crate::matrix::{EXCLUDE, INCLUDE};
use crate::sets::Setting;
use crate::value::Value;
use crate::yaml::{MAX_EXPANDED, Node, Step};
use std::collections::{HashMap, HashSet};

/// The key of the pipeline under which they stand.
const KEY: &str = "variables";
const LIST_HELP: &str = "a list can only be a whole axis, all inputs of a port, the axes of over, or the ports of temporary and keep";
const LITERAL_HELP: &str = "write the value itself, and $${ for the text ${";
const ESCAPE_HELP: &str = "write ${NAME} for a variable, and $${ for the text ${";

/// Fills in all variables of a document. A variable that is not there, that cannot stand where it does, or
/// that is never used is a fault. Keys are left as they are, and so are the values of variables. Returns the
/// paths at which a value of the command line was filled in.
pub(crate) fn fill(
    entries: &mut [(String, Node)],
    settings: &[Setting],
    faults: &mut Vec<Fault>,
) -> HashSet<Vec<Step>> {
    let mut variables = Variables {
        list: Vec::new(),
        numbers: HashMap::new(),
        budget: MAX_EXPANDED,
        by_hand: HashSet::new(),
    };
    if let Some((_, node)) = entries.iter_mut().find(|(key, _)| key == KEY) {
        variables.declare(std::mem::replace(node, Node::Null), faults);
    }
    for setting in settings {
        if let Setting::Variable { name, value, text } = setting {
            variables.set(name, value, text, faults);
        }
    }
    for (key, node) in entries.iter_mut().filter(|(key, _)| key != KEY) {
        variables.fill(node, &mut vec![Step::Key(key.clone())], faults);
    }
    for variable in variables.list.iter().filter(|variable| !variable.used) {
        faults::add(faults, || {
            let place = Place::Key(vec![Step::Key(KEY.to_owned()), Step::Key(variable.name.clone())]);
            let message = format!("the variable `{}` is not used", variable.name);
            Fault::new(place, message).help(format!("write ${{{}}} where its value belongs", variable.name))
        });
    }
    variables.by_hand
}

struct Variable {
    name: String,
    /// A scalar or a list of scalars.
    value: Node,
    used: bool,
    /// Whether the command line says the value.
    by_hand: bool,
}

struct Variables {
    list: Vec<Variable>,
    numbers: HashMap<String, usize>,
    /// How many more bytes the document may grow by.
    budget: usize,
    /// Where a value of the command line was filled in.
    by_hand: HashSet<Vec<Step>>,
}

/// The value of a variable: a scalar or a list of them, in which no other variable is filled in.
fn literal(name: &str, node: Node, place: &dyn Fn() -> Place) -> Result<Node, Fault> {
    match node {
        Node::Scalar(Value::Text(text)) if text.replace("$${", "").contains("${") => {
            let message = format!("the variable `{name}` refers to another one, which variables cannot");
            Err(Fault::new(place(), message).help(LITERAL_HELP))
        }
        Node::Scalar(Value::Text(text)) => Ok(Node::Scalar(Value::Text(text.replace("$${", "${")))),
        Node::Scalar(value) => Ok(Node::Scalar(value)),
        Node::List(items) if items.iter().all(|item| matches!(item, Node::Scalar(_))) => {
            let items = items.into_iter().map(|item| literal(name, item, place));
            items.collect::<Result<Vec<Node>, Fault>>().map(Node::List)
        }
        _ => {
            let message = format!("the variable `{name}` must be one value or a list of values");
            Err(Fault::new(place(), message))
        }
    }
}

impl Variables {
    fn declare(&mut self, node: Node, faults: &mut Vec<Fault>) {
        let top = || vec![Step::Key(KEY.to_owned())];
        let entries = match node {
            Node::Map(entries) => entries,
            Node::Null => return,
            _ => {
                let message = format!("`{KEY}` must be a map from names to values");
                return faults::add(faults, || Fault::new(Place::Value(top()), message));
            }
        };
        for (name, value) in entries {
            let path = || [top(), vec![Step::Key(name.clone())]].concat();
            if !is_name(&name) {
                faults::add(faults, || {
                    let message = format!("the variable's name `{name}` is no name");
                    Fault::new(Place::Key(path()), message).help(NAME_HELP)
                });
            }
            self.numbers.insert(name.clone(), self.list.len());
            let value = literal(&name, value, &|| Place::Value(path())).map_err(|fault| {
                faults::add(faults, || fault);
            });
            let used = value.is_err();
            let value = value.unwrap_or(Node::Wrong);
            self.list.push(Variable { name, value, used, by_hand: false });
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|variable| variable.name.as_str())
    }

    fn set(&mut self, name: &str, value: &Node, text: &str, faults: &mut Vec<Fault>) {
        let place = || Place::Set(text.to_owned());
        let Some(number) = self.numbers.get(name) else {
            return faults::add(faults, || {
                let near = faults::advice(name, self.names());
                let params = "a param is written STAGE.PARAM=VALUE";
                let help = if near.is_empty() { params.to_owned() } else { format!("{near} ({params})") };
                Fault::new(place(), format!("there is no variable `{name}`")).help(help)
            });
        };
        match (literal(name, value.clone(), &place), self.list.get_mut(*number)) {
            (Ok(value), Some(variable)) => {
                *variable = Variable { name: name.to_owned(), value, used: true, by_hand: true };
            }
            (Err(fault), _) => faults::add(faults, || fault),
            (Ok(_), None) => {}
        }
    }

    fn fill(&mut self, node: &mut Node, path: &mut Vec<Step>, faults: &mut Vec<Fault>) {
        match node {
            Node::Scalar(Value::Text(text)) if text.contains("${") => match self.replace(text, path) {
                Ok(filled) => *node = filled,
                Err(fault) => {
                    faults::add(faults, || fault);
                    *node = Node::Wrong;
                }
            },
            Node::List(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    path.push(Step::Index(i));
                    self.fill(item, path, faults);
                    path.pop();
                }
            }
            Node::Map(entries) => {
                for (key, value) in entries {
                    path.push(Step::Key(key.clone()));
                    self.fill(value, path, faults);
                    path.pop();
                }
            }
            Node::Scalar(_) | Node::Null | Node::Wrong => {}
        }
    }

    /// What a text becomes: with one variable and nothing else its value, otherwise a text.
    fn replace(&mut self, text: &str, path: &[Step]) -> Result<Node, Fault> {
        let fault = |message: String| Fault::new(Place::Value(path.to_vec()), message);
        if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'))
            && !name.contains(['{', '}'])
        {
            let value = self.value(name, path)?;
            if matches!(value, Node::List(_)) && !takes_list(path) {
                let message = format!("the variable `{name}` is a list, and here is one value");
                return Err(fault(message).help(LIST_HELP));
            }
            return Ok(value);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, after) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                filled += before;
                filled += "${";
                rest = after;
                continue;
            }
            filled += before;
            let Some((name, after)) = after.split_once('}') else {
                return Err(fault("a variable has no end: `${` without `}`".to_owned()).help(ESCAPE_HELP));
            };
            match self.value(name, path)? {
                Node::Scalar(value) => filled += &value.to_string(),
                Node::Wrong => return Ok(Node::Wrong),
                _ => return Err(fault(format!("the variable `{name}` is a list, and here is text"))),
            }
            rest = after;
        }
        filled += rest;
        Ok(Node::Scalar(Value::Text(filled)))
    }

    /// The value of a variable, which is used by this.
    fn value(&mut self, name: &str, path: &[Step]) -> Result<Node, Fault> {
        if let Some(variable) = self.numbers.get(name).and_then(|number| self.list.get_mut(*number)) {
            variable.used = true;
            if variable.by_hand {
                self.by_hand.insert(path.to_vec());
            }
            let size = size(&variable.value);
            let value = variable.value.clone();
            self.spend(size, path)?;
            return Ok(value);
        }
        let fault = Fault::new(Place::Value(path.to_vec()), format!("there is no variable `{name}`"));
        let near = faults::advice(name, self.names());
        Err(fault.help(if near.is_empty() { ESCAPE_HELP.to_owned() } else { near }))
    }

    fn spend(&mut self, amount: usize, path: &[Step]) -> Result<(), Fault> {
        let message = "the file grows too large once its variables are filled in";
        let left = self.budget.checked_sub(amount);
        self.budget = left.ok_or_else(|| Fault::new(Place::Value(path.to_vec()), message))?;
        Ok(())
    }
}

/// What a node costs to copy, in bytes.
fn size(node: &Node) -> usize {
    std::mem::size_of::<Node>()
        + match node {
            Node::Scalar(Value::Text(text)) => text.len(),
            Node::List(items) => items.iter().map(size).sum(),
            _ => 0,
        }
}

/// Whether a list may stand at a path: a whole axis, the inputs of a port, the axes of `over`, the ports of
/// `temporary` and `keep`.
fn takes_list(path: &[Step]) -> bool {
    use Step::{Index, Key};
    let [Key(stages), Key(_), Key(key), rest @ ..] = path else { return false };
    let is_axis = |name: &str| name != EXCLUDE && name != INCLUDE;
    stages == "stages"
        && match (key.as_str(), rest) {
            ("over" | "temporary" | "keep", []) | ("inputs", [Key(_)]) => true,
            ("matrix", [Index(_), rest @ ..] | rest) => match rest {
                [Key(axis)] => is_axis(axis),
                [Key(list), Index(_), Key(_)] => !is_axis(list),
                _ => false,
            },
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{Pipeline, Target};
    use crate::workshop::{read, right, says, wrong};

    fn file(variables: &str, stage: &str) -> String {
        format!("name: p\nvariables: {{{variables}}}\nstages:\n  train: {{{stage}}}\n")
    }

    fn params(pipeline: &Pipeline) -> Vec<Value> {
        pipeline.stages[0].params.iter().map(|(_, given)| given.value.clone()).collect()
    }

    #[test]
    fn a_variable_holds_its_own_value_and_no_other_variable() {
        for value in ["\"${b}\"", "[1, \"x ${b}\"]"] {
            let text = file(&format!("a: {value}, b: 1"), "params: {x: \"${a}\", y: \"${b}\"}");
            let faults = read(&text, &[]).1;
            assert!(faults.len() == 1 && faults[0].message.contains("refers to another one"), "{faults:?}");
        }
        let text = file("a: \"$${b}\"", "params: {x: \"${a}\"}");
        assert_eq!(params(&read(&text, &[]).0.unwrap()), [Value::Text("${b}".into())]);
    }

    #[test]
    fn a_variable_alone_keeps_its_type_and_in_a_text_it_is_text() {
        let text = file(
            "n: 3, x: 0.5, on: true, w: word",
            "params: {a: \"${n}\", b: \"${x}\", c: \"${on}\", d: \"${w}\", e: \"${n}/${w}-${x}\"}",
        );
        let right = [
            Value::Integer(3),
            Value::Number(0.5),
            Value::Bool(true),
            Value::Text("word".into()),
            Value::Text("3/word-0.5".into()),
        ];
        assert_eq!(params(&crate::workshop::right(&text, &[])), right);
    }

    #[test]
    fn a_doubled_dollar_is_a_dollar_and_values_are_not_filled_in_again() {
        let text =
            file("n: \"$${m} $$${m}\", m: 1", "params: {a: \"$${n}\", b: \"${n}\", c: \"$x $${} ${m}$\"}");
        let texts: Vec<String> = params(&right(&text, &[])).iter().map(Value::to_string).collect();
        assert_eq!(texts, ["${n}", "${m} $${m}", "$x ${} 1$"]);
    }

    #[test]
    fn a_list_is_a_whole_axis_or_inputs_or_ports() {
        let text = "name: p\nvariables: {seeds: [1, 2], files: [a, b], ports: [x]}\nstages:\n  train: {matrix: {seed: \"${seeds}\", exclude: [{seed: \"${seeds}\"}], include: [{seed: \"${seeds}\"}]}, inputs: {data: \"${files}\"}, keep: \"${ports}\", temporary: \"${ports}\"}\n  b: {matrix: [{seed: \"${seeds}\"}]}\n";
        let pipeline = right(text, &[]);
        let stage = &pipeline.stages[0];
        assert!(stage.axes().all(|(_, values)| values.len() == 2) && stage.matrix.len() == 2);
        assert_eq!(stage.matrix[0].exclude[0][0].1.len(), 2);
        assert_eq!(stage.inputs[0].references[1].target, Target::File("b".into()));
        assert_eq!(stage.keep[0].name, "x");
        for stage in
            ["matrix: {seed: [\"${seeds}\"]}", "params: {seed: \"${seeds}\"}", "threads: \"${seeds}\""]
        {
            says(&file("seeds: [1, 2]", stage), &[], "\"${seeds}", &["`seeds` is a list", "a whole axis"]);
        }
        says(
            &file("seeds: [1, 2]", "params: {seed: \"a${seeds}\"}"),
            &[],
            "\"a${seeds}",
            &["`seeds` is a list", "here is text"],
        );
    }

    #[test]
    fn a_fault_in_a_list_stands_where_the_variable_does() {
        let text = file("seeds: [1, x/y]", "matrix: {seed: \"${seeds}\"}");
        says(&text, &[], "\"${seeds}", &["`x/y` cannot be a value of the axis `seed`"]);
    }

    #[test]
    fn an_unknown_variable_names_the_nearest() {
        says(
            &file("epochs: 3", "params: {epochs: \"${epoch}\"}"),
            &[],
            "\"${epoch}",
            &["no variable `epoch`", "did you mean `epochs`?"],
        );
        says("  train: {params: {network: \"x${y}\"}}\n", &[], "\"x${y}", &["no variable `y`", "$${"]);
        says(
            &file("epochs: 3", "params: {network: \"x${epochs\"}"),
            &[],
            "\"x${epochs\"",
            &["a variable has no end"],
        );
    }

    #[test]
    fn a_wrong_variable_is_one_fault() {
        assert_eq!(wrong(&file("", "params: {epochs: \"${epoch}\"}, inputs: {}"), &[]).len(), 1);
        assert_eq!(wrong(&file("epochs: {}", "params: {epochs: \"${epochs}\"}"), &[]).len(), 1);
        assert_eq!(wrong(&file("epochs: [[1]]", "params: {epochs: \"a${epochs}\"}"), &[]).len(), 1);
    }

    #[test]
    fn a_variable_that_is_not_used_is_a_fault_unless_it_is_set() {
        says(&file("epoch: 3", "threads: 1"), &[], "epoch: 3", &["the variable `epoch` is not used"]);
        right(&file("epoch: 3", "threads: 1"), &["epoch=4"]);
        says(
            "name: p\nvariables: {Big: 1}\nstages: {train: {params: {epochs: \"${Big}\"}}}\n",
            &[],
            "Big: 1",
            &["`Big` is no name"],
        );
        says(
            "name: p\nvariables: [a]\nstages: {train: {}}\n",
            &[],
            "variables",
            &["must be a map from names to values"],
        );
        right("name: p\nvariables:\nstages: {train: {}}\n", &[]);
    }

    #[test]
    fn the_command_line_sets_variables() {
        let text = file("n: 3, seeds: [1]", "params: {a: \"${n}\"}, matrix: {seed: \"${seeds}\"}");
        let pipeline = right(&text, &["n=5", "seeds=[7, 8, 9]", "n=6"]);
        assert_eq!(params(&pipeline), [Value::Integer(6)]);
        assert_eq!(pipeline.stages[0].matrix[0].axes[0].1.len(), 3);
        let faults = wrong(&text, &["m=5"]);
        let fault = faults.last().unwrap();
        assert_eq!((fault.set.as_deref(), fault.message.as_str()), (Some("m=5"), "there is no variable `m`"));
        assert_eq!(fault.help.as_deref(), Some("did you mean `n`? (a param is written STAGE.PARAM=VALUE)"));
        assert_eq!(params(&right(&text, &["n=$${x}"])), [Value::Text("${x}".into())]);
    }

    #[test]
    fn variables_cannot_make_a_small_file_large() {
        let uses = vec!["\"${x}\""; 1000].join(", ");
        let text = format!(
            "name: p\nvariables: {{x: {}}}\nstages: {{train: {{inputs: {{a: [{uses}]}}}}}}\n",
            "x".repeat(100_000)
        );
        let faults = read(&text, &[]).1;
        assert!(faults.iter().all(|fault| fault.message.contains("grows too large")) && !faults.is_empty());
    }
}
