service "calibre-web" {
  name        = "Calibre-Web"
  description = "Your shelf of e-books in the browser."
  category    = "reading"
  website     = "https://github.com/janeczku/calibre-web"

  container {
    image = "lscr.io/linuxserver/calibre-web:0.6.24"
    ports = [
      { internal = 8083, external = 8084, web = true },
    ]
    env {
      PUID = 1000
      PGID = 1000
      TZ   = "${setting.timezone}"
    }
    volume {
      name = "configuration"
      path = "/config"
    }
    volume {
      name = "books"
      path = "/books"
    }
    health_check {
      type   = "http"
      within = 180
    }
  }

  resources {
    cpu     = 200
    memory  = 256
    storage = 5120
  }

  setting "timezone" {
    title       = "Time zone"
    description = "Such as Europe/Berlin."
    default     = "Etc/UTC"
    pattern     = "[A-Za-z0-9_+/-]+"
  }

  post_install = <<-EOT
    Put a Calibre library (a folder with a file metadata.db) into the volume `books`, then open it and enter /books as its place.
    The program itself begins with the account admin and a password that its manual tells to everybody (admin123): change it at once, under Admin, before you let anyone else reach it.
  EOT
}
