service "ttyd" {
  name        = "ttyd"
  description = "Shows a terminal in the browser, for looking only."
  category    = "development"
  website     = "https://tsl0922.github.io/ttyd/"

  container {
    image = "tsl0922/ttyd:1.7.7"
    # Without `--writable` nobody can type. The terminal is the container's own, not the device's.
    command = ["sh", "-c", "exec ttyd --port 7681 --credential \"$TTYD_USER:$TTYD_PASSWORD\" sh -c \"$TTYD_PROGRAM\""]
    ports = [
      { internal = 7681, external = 7681, web = true },
    ]
    env {
      TTYD_USER     = "${setting.user}"
      TTYD_PASSWORD = "${setting.password}"
      TTYD_PROGRAM  = "${setting.program}"
    }
    health_check {
      type     = "command"
      command  = ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/7681"]
      interval = 10
    }
  }

  resources {
    cpu     = 50
    memory  = 32
    storage = 200
  }

  setting "user" {
    title   = "User name"
    default = "viewer"
    pattern = "[A-Za-z0-9_.-]+"
  }
  setting "password" {
    title    = "Password"
    secret   = true
    required = true
    minimum  = 10
  }
  setting "program" {
    title       = "Program"
    description = "What runs in the terminal."
    default     = "top"
    advanced    = true
  }

  post_install = "Open it and sign in with the user name and the password from the settings. The terminal can be watched, not typed into, and shows the inside of its own container."
}
