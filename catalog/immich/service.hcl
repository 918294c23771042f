service "immich" {
  name          = "Immich"
  description   = "Backs up the photos and videos of your phones, and finds them again."
  category      = "photos"
  website       = "https://immich.app"
  public_access = true

  container "immich-server" {
    image      = "ghcr.io/immich-app/immich-server:v1.137.3"
    depends_on = ["database", "redis"]
    ports = [
      { internal = 2283, external = 2283, web = true },
    ]
    env {
      DB_HOSTNAME      = "database"
      DB_USERNAME      = "immich"
      DB_DATABASE_NAME = "immich"
      DB_PASSWORD      = "${setting.database_password}"
      REDIS_HOSTNAME   = "redis"
      TZ               = "${setting.timezone}"
    }
    volume {
      name = "library"
      path = "/data"
    }
    health_check {
      type   = "http"
      path   = "/api/server/ping"
      within = 300
    }
  }

  # The server looks for it by this name.
  container "immich-machine-learning" {
    image = "ghcr.io/immich-app/immich-machine-learning:v1.137.3"
    env {
      TZ = "${setting.timezone}"
    }
    volume {
      name = "models"
      path = "/cache"
    }
  }

  container "redis" {
    image = "valkey/valkey:8-bookworm"
    health_check {
      type     = "command"
      command  = ["redis-cli", "ping"]
      interval = 5
    }
  }

  container "database" {
    # PostgreSQL with the extensions for finding faces and things.
    image = "ghcr.io/immich-app/postgres:14-vectorchord0.4.3-pgvectors0.2.0"
    env {
      POSTGRES_USER        = "immich"
      POSTGRES_DB          = "immich"
      POSTGRES_PASSWORD    = "${setting.database_password}"
      POSTGRES_INITDB_ARGS = "--data-checksums"
    }
    volume {
      name = "database"
      path = "/var/lib/postgresql/data"
    }
    health_check {
      type     = "command"
      command  = ["pg_isready", "-h", "127.0.0.1", "-U", "immich", "-d", "immich"]
      interval = 5
    }
  }

  # No `database` block: Immich needs extensions that a shared PostgreSQL does not have.

  resources {
    cpu     = 2000
    memory  = 4096
    storage = 20480
  }

  setting "database_password" {
    title    = "Database password"
    secret   = true
    generate = 32
    advanced = true
  }
  setting "timezone" {
    title       = "Time zone"
    description = "Such as Europe/Berlin."
    default     = "Etc/UTC"
    pattern     = "[A-Za-z0-9_+/-]+"
  }

  post_install = "Open it: the first account that is made is the admin's. Then enter the address of this page in the Immich app on your phone."
}
