service "mkdocs" {
  name        = "MkDocs"
  description = "Makes a site of your notes in Markdown."
  category    = "documents"
  website     = "https://www.mkdocs.org"

  container {
    image = "polinux/mkdocs:1.5.2"
    ports = [
      { internal = 8000, external = 8003 },
    ]
    env {
      LIVE_RELOAD_SUPPORT = true
    }
    volume {
      name = "docs"
      path = "/mkdocs"
    }
    health_check {
      type = "http"
    }
  }

  resources {
    cpu     = 100
    memory  = 128
    storage = 500
  }

  post_install = "The pages are in the volume `docs`, in the folder docs; it begins with a first page and a file mkdocs.yml. A change shows at once."
}
