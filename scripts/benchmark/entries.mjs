// The applications that are deployed to be measured. Both run in the lab's smallest image.
export const IMAGE = "steward/web:1";

/** A web server with a volume and a health check over HTTP. */
export const web = (port) => `service "web" {
  name        = "Web"
  description = "Serves one page."
  category    = "web"
  resources {
    memory  = 16
    storage = 16
  }
  container "web" {
    image = "${IMAGE}"
    ports = [
      { internal = 80, external = ${port} },
    ]
    env {
      TITLE = "\${setting.title}"
    }
    volume {
      name = "data"
      path = "/data"
    }
    health_check {
      type   = "http"
      port   = 80
      path   = "/"
      within = 30
    }
  }
  setting "title" {
    default = "Hello"
  }
}
`;

/** What a line of a round begins with. */
export const lineStart = (round, line) => `round-${round}-line-${line} `;

/** A container that prints a round of numbered lines whenever it gets SIGUSR1. Round 0 is one line, its last. */
export function printer(lines) {
  const text = "the quick brown fox jumps over the lazy dog and runs back to the house again";
  const script = [
    "n=0",
    `go() { n=$((n+1)); seq 1 ${lines} | sed "s/.*/round-$n-line-& ${text}/"; }`,
    "trap go USR1",
    "trap 'exit 0' TERM INT",
    `echo "${lineStart(0, lines)}ready"`,
    // A signal cuts `wait` short, so it is called again.
    "sleep 2147483647 & while :; do wait; done",
  ].join("; ");
  return `service "printer" {
  name        = "Printer"
  description = "Prints lines when it is told to."
  category    = "other"
  resources {
    memory = 16
  }
  container "printer" {
    image   = "${IMAGE}"
    command = ["sh", "-c", ${JSON.stringify(script)}]
  }
}
`;
}
