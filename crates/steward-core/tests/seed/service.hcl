service {
  name = "nextcloud"
  description = "Self-hosted file sync and share"

  container {
    image = "nextcloud:latest"
    ports = [
      {
        internal = 80
        external = 8080
      }
    ]
  }

  resources {
    cpu = 1000
    memory = 2048
  }

  volume {
    name = "nextcloud-data"
    path = "/var/www/html"
  }

  env {
    NEXTCLOUD_ADMIN_USER = "vault:secret/nextcloud#admin_user"
    NEXTCLOUD_ADMIN_PASSWORD = "vault:secret/nextcloud#admin_password"
  }

  public_access = true
}
