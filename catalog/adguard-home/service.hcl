service "adguard-home" {
  name        = "AdGuard Home"
  description = "Answers DNS for your network and leaves the advertising out."
  category    = "network"
  website     = "https://adguard.com/adguard-home/overview.html"

  container {
    image = "adguard/adguardhome:v0.107.65"
    ports = [
      { internal = 3000, external = 3004 },
      { internal = 53, external = 53 },
      { internal = 53, external = 53, protocol = "udp" },
    ]
    volume {
      name = "work"
      path = "/opt/adguardhome/work"
    }
    volume {
      name = "configuration"
      path = "/opt/adguardhome/conf"
    }
    health_check {
      type = "http"
      port = 3000
    }
  }

  resources {
    cpu     = 200
    memory  = 256
    storage = 1024
  }

  post_install = <<-EOT
    Open it: the wizard makes your account. Keep port 3000 for the admin page (the wizard suggests 80, which is not published) and 53 for DNS.
    Then name this machine as DNS server in your router.
    When port 53 is taken on the device, it is often systemd-resolved: its setting DNSStubListener=no frees it.
  EOT
}
