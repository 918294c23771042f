service "mosquitto" {
  name        = "Mosquitto"
  description = "Carries messages between your devices by MQTT."
  category    = "home"
  website     = "https://mosquitto.org"

  container {
    image   = "eclipse-mosquitto:2.0"
    # The configuration without accounts, which the image brings along: the default one hears nobody but itself.
    command = ["mosquitto", "-c", "/mosquitto-no-auth.conf"]
    ports = [
      { internal = 1883, external = 1883 },
    ]
    volume {
      name = "data"
      path = "/mosquitto/data"
    }
    health_check {
      type     = "command"
      command  = ["mosquitto_sub", "-h", "127.0.0.1", "-t", "$SYS/broker/uptime", "-C", "1", "-W", "3"]
      interval = 10
    }
  }

  resources {
    cpu     = 50
    memory  = 32
    storage = 100
  }

  post_install = "Point your devices to this machine, port 1883. It asks nobody for a password, so keep it within your own network."
}
