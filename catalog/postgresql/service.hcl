service "postgresql" {
  name        = "PostgreSQL"
  description = "The database that most applications speak to."
  category    = "database"
  website     = "https://www.postgresql.org"

  container {
    image = "postgres:17"
    ports = [
      { internal = 5432, external = 5432 },
    ]
    env {
      POSTGRES_USER        = "${setting.user}"
      POSTGRES_PASSWORD    = "${setting.password}"
      POSTGRES_DB          = "${setting.database}"
      POSTGRES_INITDB_ARGS = "--data-checksums"
    }
    volume {
      name = "data"
      path = "/var/lib/postgresql/data"
    }
    health_check {
      type = "command"
      # By way of the network: while the server sets itself up, it listens on its socket only.
      command  = ["pg_isready", "-h", "127.0.0.1"]
      interval = 5
    }
  }

  resources {
    cpu     = 300
    memory  = 256
    storage = 2048
  }

  setting "user" {
    title       = "User name"
    description = "The superuser that the first start makes. A later change has no effect."
    default     = "postgres"
    pattern     = "[a-z_][a-z0-9_]*"
    maximum     = 63
  }
  setting "password" {
    title       = "Password"
    description = "The superuser's. A later change has no effect."
    secret      = true
    required    = true
    minimum     = 12
  }
  setting "database" {
    title    = "Database"
    default  = "postgres"
    pattern  = "[a-z_][a-z0-9_]*"
    maximum  = 63
    advanced = true
  }

  post_install = "Connect to port 5432 with the user name and the password from the settings."
}
