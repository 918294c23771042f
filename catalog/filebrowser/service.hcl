service "filebrowser" {
  name        = "File Browser"
  description = "Your files in the browser: look, upload, share."
  category    = "files"
  website     = "https://filebrowser.org"

  container {
    image = "filebrowser/filebrowser:v2.63.3"
    ports = [
      { internal = 80, external = 8085 },
    ]
    volume {
      name = "files"
      path = "/srv"
    }
    volume {
      name = "database"
      path = "/database"
    }
    volume {
      name = "configuration"
      path = "/config"
    }
    health_check {
      type = "http"
      path = "/health"
    }
  }

  resources {
    cpu     = 100
    memory  = 64
    storage = 5120
  }

  post_install = "The first start makes the account admin and writes its random password into the log: look there, sign in, and change it."
}
