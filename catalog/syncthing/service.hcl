service "syncthing" {
  name        = "Syncthing"
  description = "Keeps folders the same on all your machines, without a cloud."
  category    = "files"
  website     = "https://syncthing.net"

  container {
    image = "syncthing/syncthing:1.29"
    ports = [
      { internal = 8384, external = 8384, web = true },
      { internal = 22000, external = 22000 },
      { internal = 22000, external = 22000, protocol = "udp" },
      { internal = 21027, external = 21027, protocol = "udp" },
    ]
    volume {
      name = "data"
      path = "/var/syncthing"
    }
    health_check {
      type = "http"
      port = 8384
      path = "/rest/noauth/health"
    }
  }

  resources {
    cpu     = 300
    memory  = 256
    storage = 10240
  }

  post_install = "Open it and set a name and a password at once, under Actions, Settings, GUI: until then everybody in your network can use it. Folders are kept below /var/syncthing."
}
