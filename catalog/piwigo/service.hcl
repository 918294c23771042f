service "piwigo" {
  name          = "Piwigo"
  description   = "Shows your photos in albums, to whom you like."
  category      = "photos"
  website       = "https://piwigo.org"
  public_access = true

  container {
    image      = "lscr.io/linuxserver/piwigo:16.2.0"
    depends_on = ["database"]
    ports = [
      { internal = 80, external = 8083 },
    ]
    env {
      PUID = 1000
      PGID = 1000
      TZ   = "${setting.timezone}"
    }
    volume {
      name = "configuration"
      path = "/config"
    }
    volume {
      name = "gallery"
      path = "/gallery"
    }
    health_check {
      type   = "http"
      within = 180
    }
  }

  container "database" {
    image = "mariadb:11.4"
    env {
      MARIADB_DATABASE             = "piwigo"
      MARIADB_USER                 = "piwigo"
      MARIADB_PASSWORD             = "${setting.database_password}"
      MARIADB_RANDOM_ROOT_PASSWORD = "yes"
    }
    volume {
      name = "database"
      path = "/var/lib/mysql"
    }
    health_check {
      type     = "command"
      command  = ["healthcheck.sh", "--connect", "--innodb_initialized"]
      interval = 5
    }
  }

  database {
    engine    = "mariadb"
    container = "database"
  }

  resources {
    cpu     = 500
    memory  = 512
    storage = 10240
  }

  setting "database_password" {
    title       = "Database password"
    description = "You choose it, for Piwigo's own set-up page asks for it."
    secret      = true
    required    = true
    minimum     = 12
  }
  setting "timezone" {
    title       = "Time zone"
    description = "Such as Europe/Berlin."
    default     = "Etc/UTC"
    pattern     = "[A-Za-z0-9_+/-]+"
  }

  post_install = "Open it: the set-up page asks for a database. The host is database, user and database are piwigo, the password is the one that you chose. Below, it makes your admin account."
}
