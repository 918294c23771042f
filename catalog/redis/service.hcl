service "redis" {
  name        = "Redis"
  description = "Keeps data in memory, for caches and queues."
  category    = "database"
  website     = "https://redis.io"

  container {
    image = "redis:7.4"
    # The image's own start, which gives up root; the shell fills in the password.
    command = ["sh", "-c", "exec docker-entrypoint.sh redis-server --appendonly yes --requirepass \"$REDIS_PASSWORD\""]
    ports = [
      { internal = 6379, external = 6379 },
    ]
    env {
      REDIS_PASSWORD = "${setting.password}"
    }
    volume {
      name = "data"
      path = "/data"
    }
    health_check {
      type     = "command"
      command  = ["sh", "-c", "REDISCLI_AUTH=\"$REDIS_PASSWORD\" redis-cli ping | grep -q PONG"]
      interval = 5
    }
  }

  resources {
    cpu     = 100
    memory  = 128
    storage = 512
  }

  setting "password" {
    title    = "Password"
    secret   = true
    required = true
    minimum  = 12
  }

  post_install = "Connect to port 6379 with the password from the settings."
}
