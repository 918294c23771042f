service "nextcloud" {
  name          = "Nextcloud"
  description   = "Self-hosted file sync and share, with calendar and contacts."
  category      = "files"
  website       = "https://nextcloud.com"
  public_access = true

  container {
    image      = "nextcloud:31-apache"
    depends_on = ["database", "redis"]
    ports = [
      { internal = 80, external = 8087 },
    ]
    env {
      POSTGRES_HOST             = "database"
      POSTGRES_DB               = "nextcloud"
      POSTGRES_USER             = "nextcloud"
      POSTGRES_PASSWORD         = "${setting.database_password}"
      REDIS_HOST                = "redis"
      NEXTCLOUD_ADMIN_USER      = "${setting.admin_user}"
      NEXTCLOUD_ADMIN_PASSWORD  = "${setting.admin_password}"
      NEXTCLOUD_TRUSTED_DOMAINS = "${setting.trusted_domains}"
      TRUSTED_PROXIES           = "${setting.trusted_proxies}"
    }
    volume {
      name = "nextcloud-data"
      path = "/var/www/html"
    }
    health_check {
      type = "command"
      # From inside, where the name is always trusted.
      command  = ["curl", "-fsS", "-o", "/dev/null", "http://localhost/status.php"]
      interval = 10
      within   = 600
    }
  }

  container "database" {
    image = "postgres:17"
    env {
      POSTGRES_DB       = "nextcloud"
      POSTGRES_USER     = "nextcloud"
      POSTGRES_PASSWORD = "${setting.database_password}"
    }
    volume {
      name = "database"
      path = "/var/lib/postgresql/data"
    }
    health_check {
      type     = "command"
      command  = ["pg_isready", "-h", "127.0.0.1", "-U", "nextcloud"]
      interval = 5
    }
  }

  container "redis" {
    image = "redis:7.4"
    health_check {
      type     = "command"
      command  = ["redis-cli", "ping"]
      interval = 5
    }
  }

  database {
    engine    = "postgres"
    container = "database"
  }

  resources {
    cpu     = 1000
    memory  = 2048
    storage = 20480
  }

  setting "admin_user" {
    title   = "Admin name"
    default = "admin"
    pattern = "[A-Za-z0-9_.@-]+"
  }
  setting "admin_password" {
    title       = "Admin password"
    description = "For the first sign-in. Change it later in Nextcloud itself."
    secret      = true
    required    = true
    minimum     = 10
  }
  setting "trusted_domains" {
    title       = "Addresses"
    description = "The addresses by which you open it, with spaces between them, such as 192.168.1.10 cloud.home.example."
    required    = true
    pattern     = "[A-Za-z0-9.:*-]+( [A-Za-z0-9.:*-]+)*"
  }
  setting "trusted_proxies" {
    title       = "Trusted proxies"
    description = "The address of a reverse proxy in front of it."
    pattern     = "[0-9a-f.:/]+( [0-9a-f.:/]+)*"
    advanced    = true
  }
  setting "database_password" {
    title    = "Database password"
    secret   = true
    generate = 32
    advanced = true
  }

  post_install = "The first start takes some minutes. Then open it and sign in with the admin's name and password from the settings."
}
