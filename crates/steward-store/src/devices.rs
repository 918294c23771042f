//! Devices.

use sqlx::sqlite::SqliteRow;
use steward_core::DeviceId;
use steward_core::device::Device;

use crate::error::Result;
use crate::row;
use crate::store::Connection;

fn read(row: &SqliteRow) -> Result<Device> {
    Ok(Device {
        id: row::parsed(row, "id", DeviceId::parse)?,
        name: row::text(row, "name")?,
        device_type: row::serde_word(row, "type")?,
        address: row::text(row, "address")?,
        development: row::flag(row, "development")?,
        created_at: row::time(row, "created_at")?,
    })
}

/// Adds a device.
///
/// # Errors
/// `NotUnique` when the name or the id is taken.
pub async fn insert(conn: &mut Connection, device: &Device) -> Result<()> {
    sqlx::query("INSERT INTO devices (id, name, type, address, development, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(device.id.as_str())
        .bind(&device.name)
        .bind(row::to_serde_word(&device.device_type)?)
        .bind(&device.address)
        .bind(i64::from(device.development))
        .bind(device.created_at.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// The device with an id.
///
/// # Errors
/// Those of the database.
pub async fn get(conn: &mut Connection, id: &DeviceId) -> Result<Option<Device>> {
    let row = sqlx::query("SELECT id, name, type, address, development, created_at FROM devices WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Every device, by name.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut Connection) -> Result<Vec<Device>> {
    let rows = sqlx::query("SELECT id, name, type, address, development, created_at FROM devices ORDER BY name").fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Marks a device as development, or takes the mark away.
///
/// # Errors
/// `Other` when there is no such device.
pub async fn set_development(conn: &mut Connection, id: &DeviceId, development: bool) -> Result<()> {
    let result = sqlx::query("UPDATE devices SET development = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(i64::from(development))
        .execute(conn)
        .await?;
    row::one(result)
}
