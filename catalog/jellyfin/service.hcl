service "jellyfin" {
  name          = "Jellyfin"
  description   = "Plays your films, series and music on every screen."
  category      = "media"
  website       = "https://jellyfin.org"
  public_access = true

  container {
    image = "jellyfin/jellyfin:10.10.7"
    ports = [
      { internal = 8096, external = 8096, web = true },
      { internal = 7359, external = 7359, protocol = "udp" },
    ]
    env {
      JELLYFIN_PublishedServerUrl = "${setting.address}"
    }
    volume {
      name = "configuration"
      path = "/config"
    }
    volume {
      name = "cache"
      path = "/cache"
    }
    volume {
      name = "media"
      path = "/media"
    }
    health_check {
      type   = "http"
      port   = 8096
      path   = "/health"
      within = 180
    }
  }

  resources {
    cpu     = 2000
    memory  = 1024
    storage = 10240
  }

  setting "address" {
    title       = "Address"
    description = "The address that Jellyfin tells apps in your network, such as http://192.168.1.10:8096."
    pattern     = "https?://[^ ]+"
    advanced    = true
  }

  post_install = "Open it: the wizard makes your account. Add a library with the folder /media, which is the volume `media`."
}
