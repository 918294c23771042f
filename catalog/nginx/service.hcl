service "nginx" {
  name        = "nginx"
  description = "A fast web server for your own pages."
  category    = "web"
  website     = "https://nginx.org"

  container {
    image = "nginx:1.28"
    ports = [
      { internal = 80, external = 8081 },
    ]
    volume {
      name = "html"
      path = "/usr/share/nginx/html"
    }
    health_check {
      type = "http"
    }
  }

  resources {
    cpu     = 100
    memory  = 32
    storage = 200
  }

  post_install = "The pages are in the volume `html`; it begins with nginx's own welcome page."
}
