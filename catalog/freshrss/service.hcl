service "freshrss" {
  name          = "FreshRSS"
  description   = "Collects the news of the sites you follow."
  category      = "reading"
  website       = "https://freshrss.org"
  public_access = true

  container {
    image = "freshrss/freshrss:1.26.3"
    ports = [
      { internal = 80, external = 8086 },
    ]
    env {
      TZ       = "${setting.timezone}"
      CRON_MIN = "${setting.refresh_minutes}"
    }
    volume {
      name = "data"
      path = "/var/www/FreshRSS/data"
    }
    volume {
      name = "extensions"
      path = "/var/www/FreshRSS/extensions"
    }
    health_check {
      type = "http"
      path = "/i/"
    }
  }

  resources {
    cpu     = 100
    memory  = 128
    storage = 1024
  }

  setting "timezone" {
    title       = "Time zone"
    description = "Such as Europe/Berlin."
    default     = "Etc/UTC"
    pattern     = "[A-Za-z0-9_+/-]+"
  }
  setting "refresh_minutes" {
    title       = "Refresh at"
    description = "The minutes of each hour at which it looks for news."
    default     = "13,43"
    pattern     = "[0-9]{1,2}(,[0-9]{1,2})*"
    advanced    = true
  }

  post_install = "Open it: the wizard asks for a language, a database (take SQLite) and your account."
}
