// Catalog entries for the images of the lab (lab/images/web).

interface Web {
  image: string;
  /** Its port on the device. */
  port: number;
  /** Seconds until it has to be healthy. */
  within?: number;
}

/** A web server with one volume, one setting, and a health check from outside. */
export function web({ image, port, within = 60 }: Web): string {
  return `service "web" {
  name        = "Web"
  description = "Serves one page."
  category    = "web"

  container "web" {
    image = "${image}"
    ports = [
      { internal = 80, external = ${port}, web = true },
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
      path   = "/"
      within = ${within}
    }
  }

  resources {
    memory  = 8
    storage = 8
  }

  setting "title" {
    title   = "Title"
    default = "Hello"
  }
}
`;
}

/** An entry with one mistake, and where it is. */
export const BROKEN = {
  text: `service "broken" {
  name     = "Broken"
  category = "web"
  ports    = 5
}
`,
  at: "service.hcl:4:3",
};
