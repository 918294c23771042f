//! The block `setting`.

use hcl_edit::structure::Block;

use super::reader::Reader;
use crate::definition::draft::At;
use crate::definition::{Setting, SettingType, settings, text};
use crate::name::SettingKey;

const ATTRIBUTES: &[&str] =
    &["type", "title", "description", "default", "required", "options", "minimum", "maximum", "pattern", "secret", "generate", "advanced"];

/// Reads a `setting "key"`.
pub(super) fn read(reader: &mut Reader<'_>, block: &Block) -> Option<At<Setting>> {
    let spot = reader.spot(&block.ident);
    if block.labels.is_empty() {
        reader.problems.add(spot, "the setting has no key: write `setting \"key\" {`");
    }
    let key = reader.label(block, |label| text::name(SettingKey::parse(label)));
    let table = reader.table("setting", &block.body, ATTRIBUTES, &[]);
    let flag = |reader: &mut Reader<'_>, key: &str| table.field(key).and_then(|field| reader.boolean(field)).unwrap_or(false);
    let number = |reader: &mut Reader<'_>, key: &str| table.field(key).and_then(|field| reader.number(field));
    let key = key?;
    let setting = Setting {
        setting_type: reader.parsed(table.field("type"), setting_type).unwrap_or(SettingType::String),
        title: reader.parsed(table.field("title"), text::title).unwrap_or_else(|| settings::title_of(&key.value)),
        description: reader.parsed(table.field("description"), text::one_line).unwrap_or_default(),
        default: table.field("default").and_then(|field| reader.scalar(field.expr)),
        required: flag(reader, "required"),
        options: reader.list(table.field("options")).into_iter().filter_map(|expr| reader.scalar(expr)).collect(),
        minimum: number(reader, "minimum"),
        maximum: number(reader, "maximum"),
        pattern: reader.parsed(table.field("pattern"), text::one_line),
        secret: flag(reader, "secret"),
        generate: table.field("generate").and_then(|field| reader.whole(field, 8, 128)).and_then(|n| u8::try_from(n).ok()),
        advanced: flag(reader, "advanced"),
        key: key.value,
    };
    Some(At::new(key.spot, setting))
}

fn setting_type(text: &str) -> Result<SettingType, String> {
    match text {
        "string" => Ok(SettingType::String),
        "integer" => Ok(SettingType::Integer),
        "number" => Ok(SettingType::Number),
        "boolean" => Ok(SettingType::Boolean),
        _ => Err("the type of a setting is `string`, `integer`, `number` or `boolean`".to_owned()),
    }
}
