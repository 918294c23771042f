service "home-assistant" {
  name          = "Home Assistant"
  description   = "Brings the things of your home together and lets them work by themselves."
  category      = "home"
  website       = "https://www.home-assistant.io"
  public_access = true

  container {
    image = "ghcr.io/home-assistant/home-assistant:2025.5"
    ports = [
      { internal = 8123, external = 8123, web = true },
    ]
    env {
      TZ = "${setting.timezone}"
    }
    volume {
      name = "configuration"
      path = "/config"
    }
    health_check {
      type   = "http"
      within = 300
    }
  }

  resources {
    cpu     = 1000
    memory  = 1024
    storage = 5120
  }

  setting "timezone" {
    title       = "Time zone"
    description = "Such as Europe/Berlin."
    default     = "Etc/UTC"
    pattern     = "[A-Za-z0-9_+/-]+"
  }

  post_install = "Open it: the first page makes your account. It runs in a network of its own, so things that announce themselves in yours are not found by themselves: add them by their address."
}
