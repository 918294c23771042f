service "hello" {
  name        = "Hello"
  description = "A page that greets you: the quickest way to see a deployment work."
  category    = "web"

  container {
    # Steward carries this image in itself, so that it needs no network.
    image = "steward/hello:1"
    ports = [
      { internal = 8080, external = 8088, web = true },
    ]
    env {
      GREETING = "${setting.greeting}"
    }
    health_check {
      type = "http"
      path = "/"
    }
    memory_limit = 16
  }

  resources {
    cpu     = 10
    memory  = 8
    storage = 1
  }

  setting "greeting" {
    title       = "Greeting"
    description = "What the page says."
    default     = "Hello from Steward"
    maximum     = 200
  }

  post_install = "Open the link: the page shows your greeting. Change the greeting in the settings to see an update."
}
