service "gitea" {
  name          = "Gitea"
  description   = "A home for your Git repositories, with issues, reviews and packages."
  category      = "development"
  website       = "https://about.gitea.com"
  public_access = true

  container {
    image = "gitea/gitea:1.24"
    ports = [
      { internal = 3000, external = 3003 },
      { internal = 22, external = 2222 },
    ]
    env {
      USER_UID                             = 1000
      USER_GID                             = 1000
      GITEA__database__DB_TYPE             = "sqlite3"
      GITEA__server__SSH_PORT              = 2222
      GITEA__service__DISABLE_REGISTRATION = "${setting.registration_closed}"
    }
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
    cpu     = 300
    memory  = 512
    storage = 2048
  }

  setting "registration_closed" {
    type        = "boolean"
    title       = "Registration closed"
    description = "Whether only the admin can make accounts."
    default     = true
  }

  post_install = "Open it, enter the address by which you open it, and make the admin's account under \"Administrator Account Settings\" at the foot of the page. Git over SSH is on port 2222."
}
