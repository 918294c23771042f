// Serves the built pages with the mock behind them, under the same content policy as the real server:
// `npm run build && node mock/serve.ts`. `/mock?scene=empty` starts another scene.
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer, type WebSocket } from "ws";
import { LOGS } from "./data.ts";
import { MockServer, type Scene } from "./server.ts";

const PACE = 700;
const PORT = Number(process.env.PORT ?? 5199);
const DIST = new URL("../dist/", import.meta.url).pathname;
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

let mock = new MockServer("full", PACE);
const sockets = new WebSocketServer({ noServer: true });
sockets.on("connection", (socket) => connect(socket));

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://mock");
  response.setHeader("content-security-policy", POLICY);
  if (url.pathname === "/mock") {
    mock = new MockServer((url.searchParams.get("scene") ?? "full") as Scene, PACE);
    response.end("ok");
  } else if (url.pathname.startsWith("/api/")) void answer(request, response);
  else void page(url.pathname, response);
});
server.on("upgrade", (request, stream, head) => {
  if (request.url === "/ws")
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit("connection", socket));
  else stream.destroy();
});
server.listen(PORT, "127.0.0.1", () => console.log(`listening: http://127.0.0.1:${PORT}`));

async function page(path: string, response: ServerResponse): Promise<void> {
  const file = normalize(path).replace(/^\/+/, "");
  try {
    const body = await readFile(join(DIST, file));
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(body);
  } catch {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(await readFile(join(DIST, "index.html")));
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const result = await mock.handle(request.method ?? "GET", request.url ?? "/", text ? JSON.parse(text) : undefined);
  response.statusCode = result.status;
  response.setHeader("content-type", "application/json");
  for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, value);
  response.end(result.text ?? (result.body === undefined ? undefined : JSON.stringify(result.body)));
}

function connect(socket: WebSocket): void {
  let seq = 0;
  let logs: ReturnType<typeof setInterval> | undefined;
  const send = (channel: string, event: string, data: Record<string, unknown>) =>
    socket.send(JSON.stringify({ seq: ++seq, channel, event, data }));
  const stop = mock.listen(send);
  socket.on("close", () => {
    stop();
    clearInterval(logs);
  });
  send("system", "hello", { version: "0.1.0" });
  socket.on("message", (raw) => {
    const message = JSON.parse(String(raw)) as {
      action: string;
      channels?: string[];
      deployment_id?: string;
      service?: string;
      tail?: number;
    };
    if (message.action === "ping") send("system", "pong", {});
    if (!message.channels?.includes("logs")) return;
    clearInterval(logs);
    if (message.action !== "subscribe") return;
    const of = { deployment_id: message.deployment_id, dropped: 0 };
    const wanted = mock
      .logLines(message.tail ?? 200)
      .filter((line) => !message.service || line.service === message.service);
    send("logs", "lines", { ...of, lines: wanted });
    logs = setInterval(() => {
      const text = LOGS[Math.floor(Math.random() * LOGS.length)];
      send("logs", "lines", {
        ...of,
        lines: [{ at: Date.now(), service: message.service ?? "web", stream: "stdout", text }],
      });
    }, 400);
  });
}
