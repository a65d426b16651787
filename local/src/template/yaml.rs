//! Converts YAML to JSON and expands CloudFormation's short forms: `!Ref A` becomes `{"Ref": "A"}` and
//! `!Sub "a"` becomes `{"Fn::Sub": "a"}`.

use super::error::TemplateError;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

pub(super) fn parse(source: &str) -> Result<Value, TemplateError> {
    let documents = Yaml::load_from_str(source).map_err(|error| TemplateError::Yaml(error.to_string()))?;
    match documents.as_slice() {
        [document] => convert(document),
        documents => Err(yaml(&format!("{} documents instead of one", documents.len()))),
    }
}

fn convert(node: &Yaml<'_>) -> Result<Value, TemplateError> {
    match node {
        Yaml::Value(Scalar::Null) => Ok(Value::Null),
        Yaml::Value(Scalar::Boolean(flag)) => Ok(json!(flag)),
        Yaml::Value(Scalar::Integer(number)) => Ok(json!(number)),
        Yaml::Value(Scalar::FloatingPoint(number)) => Ok(json!(number.into_inner())),
        Yaml::Value(Scalar::String(text)) => Ok(json!(text)),
        Yaml::Sequence(items) => items.iter().map(convert).collect(),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                object.insert(key_text(key)?, convert(value)?);
            }
            Ok(Value::Object(object))
        }
        Yaml::Tagged(tag, inner) if tag.is_yaml_core_schema() => convert(inner),
        Yaml::Tagged(tag, inner) => Ok(long_form(&tag.suffix, convert(inner)?)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Err(yaml("an unsupported value")),
    }
}

/// YAML reads the key in `403: ...` as a number; JSON keys are strings.
fn key_text(key: &Yaml<'_>) -> Result<String, TemplateError> {
    match convert(key)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(yaml(&format!("a key that is not a string: {other}"))),
    }
}

fn long_form(function: &str, argument: Value) -> Value {
    let name = match function {
        "Ref" | "Condition" => function.to_owned(),
        _ => format!("Fn::{function}"),
    };
    let argument = match (function, argument) {
        ("GetAtt", Value::String(path)) => json!(path.split('.').collect::<Vec<_>>()),
        (_, argument) => argument,
    };
    Value::Object(Map::from_iter([(name, argument)]))
}

fn yaml(problem: &str) -> TemplateError {
    TemplateError::Yaml(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out() {
        let source = r#"
            a: !Ref Api
            b: !Sub "x-${AWS::Region}"
            c: !GetAtt Role.Arn
            d: !If [Arm, arm64, !Ref Other]
            e: !Equals
              - !Ref Architecture
              - arm64
        "#;
        let expected = json!({
            "a": {"Ref": "Api"},
            "b": {"Fn::Sub": "x-${AWS::Region}"},
            "c": {"Fn::GetAtt": ["Role", "Arn"]},
            "d": {"Fn::If": ["Arm", "arm64", {"Ref": "Other"}]},
            "e": {"Fn::Equals": [{"Ref": "Architecture"}, "arm64"]},
        });
        assert_eq!(parse(source).unwrap(), expected);
    }

    #[test]
    fn scalars_keep_their_kind_and_dates_stay_text() {
        let source = "{a: 2010-09-09, b: 401, c: '401', d: true, e: ~, f: |\n  {\n}";
        assert!(parse(source).is_err(), "a block scalar inside a flow mapping is not YAML");
        let source = "a: 2010-09-09\nb: 401\nc: '401'\nd: true\ne: ~\nf: |\n  {\n    x\n  }\n";
        let expected = json!({
            "a": "2010-09-09", "b": 401, "c": "401", "d": true, "e": null, "f": "{\n  x\n}\n",
        });
        assert_eq!(parse(source).unwrap(), expected);
    }

    #[test]
    fn a_template_must_be_one_yaml_document() {
        assert!(parse("a: [").is_err());
        assert!(parse("a: 1\n---\nb: 2\n").is_err());
        assert!(parse("").is_err());
    }
}
