service "transmission" {
  name        = "Transmission"
  description = "A light BitTorrent client."
  category    = "downloads"
  website     = "https://transmissionbt.com"

  container {
    image = "lscr.io/linuxserver/transmission:4.0.6"
    ports = [
      { internal = 9091, external = 9091, web = true },
      { internal = 51413, external = 51413 },
      { internal = 51413, external = 51413, protocol = "udp" },
    ]
    env {
      PUID = 1000
      PGID = 1000
      TZ   = "${setting.timezone}"
      USER = "${setting.user}"
      PASS = "${setting.password}"
    }
    volume {
      name = "configuration"
      path = "/config"
    }
    volume {
      name = "downloads"
      path = "/downloads"
    }
    volume {
      name = "watch"
      path = "/watch"
    }
    health_check {
      type     = "command"
      command  = ["nc", "-z", "127.0.0.1", "9091"]
      interval = 5
    }
  }

  resources {
    cpu     = 200
    memory  = 256
    storage = 10240
  }

  setting "user" {
    title   = "User name"
    default = "transmission"
    pattern = "[A-Za-z0-9_.-]+"
  }
  setting "password" {
    title    = "Password"
    secret   = true
    required = true
    minimum  = 10
  }
  setting "timezone" {
    title       = "Time zone"
    description = "Such as Europe/Berlin."
    default     = "Etc/UTC"
    pattern     = "[A-Za-z0-9_+/-]+"
  }

  post_install = "Open it and sign in with the user name and the password from the settings. Downloads are in the volume `downloads`."
}
