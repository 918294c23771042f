service "tailscale" {
  name        = "Tailscale"
  description = "Lets you into your network from anywhere, through your tailnet."
  category    = "network"
  website     = "https://tailscale.com"

  container {
    image = "tailscale/tailscale:v1.84.2"
    env {
      TS_AUTHKEY   = "${setting.auth_key}"
      TS_AUTH_ONCE = true
      TS_HOSTNAME  = "${setting.hostname}"
      TS_ROUTES    = "${setting.routes}"
      TS_STATE_DIR = "/var/lib/tailscale"
      TS_SOCKET    = "/tmp/tailscaled.sock"
      # Networking in the program itself: it needs no device and no rights over the machine.
      TS_USERSPACE = true
    }
    volume {
      name = "state"
      path = "/var/lib/tailscale"
    }
    health_check {
      type     = "command"
      command  = ["tailscale", "--socket=/tmp/tailscaled.sock", "status", "--peers=false"]
      interval = 10
    }
  }

  resources {
    cpu     = 100
    memory  = 128
    storage = 100
  }

  setting "auth_key" {
    title       = "Auth key"
    description = "From the admin console of your tailnet, under Settings, Keys."
    secret      = true
    required    = true
    pattern     = "tskey-[A-Za-z0-9-]+"
  }
  setting "hostname" {
    title   = "Name in the tailnet"
    default = "steward"
    pattern = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
    maximum = 63
  }
  setting "routes" {
    title       = "Routes"
    description = "Networks to be reached through it, such as 192.168.1.0/24. Approve them in the admin console."
    pattern     = "[0-9a-f.:/]+(,[0-9a-f.:/]+)*"
    advanced    = true
  }

  post_install = "The machine appears in your tailnet under its name. Approve its routes in the admin console, when you gave any."
}
