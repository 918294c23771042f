service "navidrome" {
  name          = "Navidrome"
  description   = "Plays your music everywhere, also with Subsonic apps."
  category      = "media"
  website       = "https://www.navidrome.org"
  public_access = true

  container {
    image = "deluan/navidrome:0.55.2"
    ports = [
      { internal = 4533, external = 4533, web = true },
    ]
    env {
      ND_SCANNER_SCHEDULE = "${setting.scan_schedule}"
    }
    volume {
      name = "data"
      path = "/data"
    }
    volume {
      name = "music"
      path = "/music"
    }
    health_check {
      type = "http"
      path = "/ping"
    }
  }

  resources {
    cpu     = 300
    memory  = 256
    storage = 10240
  }

  setting "scan_schedule" {
    title       = "Look for new music"
    description = "How often, such as 1h or @daily."
    default     = "1h"
    advanced    = true
  }

  post_install = "Open it: the first page makes the admin's account. Your music belongs in the volume `music`."
}
