service "gogs" {
  name        = "Gogs"
  description = "A small and quick home for your Git repositories."
  category    = "development"
  website     = "https://gogs.io"

  container {
    image = "gogs/gogs:0.13"
    ports = [
      { internal = 3000, external = 3002 },
      { internal = 22, external = 10022 },
    ]
    volume {
      name = "data"
      path = "/data"
    }
    health_check {
      type = "http"
      port = 3000
    }
  }

  resources {
    cpu     = 200
    memory  = 256
    storage = 2048
  }

  post_install = "Open it: choose SQLite3 as database, enter the address by which you open it, and make the admin's account at the foot of the page. Git over SSH is on port 10022."
}
