service "prometheus" {
  name        = "Prometheus"
  description = "Collects measurements and keeps them."
  category    = "monitoring"
  website     = "https://prometheus.io"

  container {
    image = "prom/prometheus:v3.4.0"
    ports = [
      { internal = 9090, external = 9090, web = true },
    ]
    volume {
      name = "data"
      path = "/prometheus"
    }
    # It begins with the image's own configuration, which watches Prometheus itself.
    volume {
      name = "configuration"
      path = "/etc/prometheus"
    }
    health_check {
      type = "http"
      path = "/-/ready"
    }
  }

  resources {
    cpu     = 300
    memory  = 512
    storage = 10240
  }

  post_install = "What is watched stands in the file prometheus.yml in the volume `configuration`. Anyone who reaches the page can read the measurements: keep it within your own network."
}
