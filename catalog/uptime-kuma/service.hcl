service "uptime-kuma" {
  name        = "Uptime Kuma"
  description = "Watches your services and tells you when one is down."
  category    = "monitoring"
  website     = "https://uptime.kuma.pet"

  container {
    image = "louislam/uptime-kuma:1.23.16"
    ports = [
      { internal = 3001, external = 3001, web = true },
    ]
    volume {
      name = "data"
      path = "/app/data"
    }
    health_check {
      type   = "http"
      within = 180
    }
  }

  resources {
    cpu     = 200
    memory  = 256
    storage = 1024
  }

  post_install = "Open it: the first page asks for a name and a password for the admin account."
}
