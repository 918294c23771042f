service "caddy" {
  name        = "Caddy"
  description = "A web server that gets its certificates by itself."
  category    = "web"
  website     = "https://caddyserver.com"

  container {
    image = "caddy:2"
    ports = [
      { internal = 80, external = 8089 },
      { internal = 443, external = 8443 },
    ]
    # Volumes begin with what the image has there: the welcome page and the first configuration.
    volume {
      name = "site"
      path = "/usr/share/caddy"
    }
    volume {
      name = "configuration"
      path = "/etc/caddy"
    }
    volume {
      name = "data"
      path = "/data"
    }
    health_check {
      type = "http"
      port = 80
    }
  }

  resources {
    cpu     = 100
    memory  = 64
    storage = 200
  }

  post_install = "The pages are in the volume `site`, the configuration is the file Caddyfile in the volume `configuration`. For certificates of your own domain, give Caddy the ports 80 and 443."
}
