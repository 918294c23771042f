service "vaultwarden" {
  name          = "Vaultwarden"
  description   = "Keeps your passwords, for the Bitwarden apps and browser extensions."
  category      = "security"
  website       = "https://github.com/dani-garcia/vaultwarden"
  public_access = true

  container {
    image = "vaultwarden/server:1.34.3"
    ports = [
      { internal = 80, external = 8082 },
    ]
    env {
      DOMAIN          = "${setting.domain}"
      SIGNUPS_ALLOWED = "${setting.signups_allowed}"
      ADMIN_TOKEN     = "${setting.admin_token}"
    }
    volume {
      name = "data"
      path = "/data"
    }
    health_check {
      type = "http"
      path = "/alive"
    }
  }

  resources {
    cpu     = 100
    memory  = 128
    storage = 1024
  }

  setting "domain" {
    title       = "Address"
    description = "The address by which you open it, such as https://vault.home.example."
    pattern     = "https?://[^ ]+"
  }
  setting "signups_allowed" {
    type        = "boolean"
    title       = "Sign-up open"
    description = "Whether anyone who reaches the page may make an account. Switch it off once yours exists."
    default     = true
  }
  setting "admin_token" {
    title       = "Admin token"
    description = "Opens the page /admin. Without one that page is switched off."
    secret      = true
    minimum     = 16
    advanced    = true
  }

  post_install = <<-EOT
    Open it and make your account, then switch "Sign-up open" off.
    Browsers allow the vault over https only (or on localhost): put a reverse proxy with a certificate in front of it.
  EOT
}
