service "grafana" {
  name          = "Grafana"
  description   = "Draws what you measure."
  category      = "monitoring"
  website       = "https://grafana.com"
  public_access = true

  container {
    image = "grafana/grafana:12.0.0"
    ports = [
      { internal = 3000, external = 3005 },
    ]
    env {
      GF_SECURITY_ADMIN_USER         = "${setting.admin_user}"
      GF_SECURITY_ADMIN_PASSWORD     = "${setting.admin_password}"
      GF_ANALYTICS_REPORTING_ENABLED = false
    }
    volume {
      name = "data"
      path = "/var/lib/grafana"
    }
    health_check {
      type = "http"
      path = "/api/health"
    }
  }

  resources {
    cpu     = 200
    memory  = 256
    storage = 1024
  }

  setting "admin_user" {
    title   = "Admin name"
    default = "admin"
    pattern = "[A-Za-z0-9_.@-]+"
  }
  setting "admin_password" {
    title       = "Admin password"
    description = "For the first sign-in. Change it later in Grafana itself."
    secret      = true
    required    = true
    minimum     = 10
  }

  post_install = "Open it and sign in with the admin's name and password from the settings."
}
