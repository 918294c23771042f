import { once } from "node:events";
import { createServer, type Server } from "node:net";

// Below the range from which the system takes ports for outgoing connections: none of those comes in between.
const FIRST = 20_000;
const COUNT = 12_000;
const given = new Set<number>();

/** Holds a port on every address, as long as this process runs. */
export async function hold(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, "0.0.0.0");
  await once(server, "listening");
  server.unref();
  return server;
}

/** A port that nobody listens on, and that is given once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    given.add(port);
    const server = await hold(port).catch(() => undefined);
    if (!server) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
