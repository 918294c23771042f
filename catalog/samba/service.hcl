service "samba" {
  name        = "Samba"
  description = "A folder in your network, for Windows, macOS and Linux."
  category    = "files"
  website     = "https://www.samba.org"

  container {
    image = "dockurr/samba:4.23.10"
    ports = [
      { internal = 445, external = 445 },
    ]
    env {
      NAME = "${setting.share}"
      USER = "${setting.user}"
      PASS = "${setting.password}"
    }
    volume {
      name = "files"
      path = "/storage"
    }
    health_check {
      type = "tcp"
    }
  }

  resources {
    cpu     = 200
    memory  = 128
    storage = 10240
  }

  setting "share" {
    title       = "Share"
    description = "What the folder is called in the network."
    default     = "Data"
    pattern     = "[A-Za-z0-9_-]+"
    maximum     = 32
  }
  setting "user" {
    title   = "User name"
    default = "samba"
    pattern = "[a-z][a-z0-9_-]*"
    maximum = 32
  }
  setting "password" {
    title    = "Password"
    secret   = true
    required = true
    minimum  = 10
  }

  post_install = "Connect to \\\\ADDRESS\\SHARE on Windows, or smb://ADDRESS/SHARE elsewhere, with the user name and the password from the settings."
}
