// Serves the mock inside `vite dev`. `/mock?scene=empty` starts another scene.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { WebSocketServer, type WebSocket } from "ws";
import { LOGS } from "./data.ts";
import { MockServer, type Scene } from "./server.ts";

const PACE = 700;

export function mockApi(): Plugin {
  let mock = new MockServer("full", PACE);
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on("connection", (socket) => connect(socket, () => mock));
  return {
    name: "mock-api",
    configureServer(server) {
      server.httpServer?.on("upgrade", (request, stream, head) => {
        if (request.url === "/ws") sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit("connection", socket));
      });
      server.middlewares.use((request, response, next) => {
        const url = new URL(request.url ?? "/", "http://mock");
        if (url.pathname === "/mock") {
          mock = new MockServer((url.searchParams.get("scene") ?? "full") as Scene, PACE);
          response.end("ok");
          return;
        }
        if (!url.pathname.startsWith("/api/")) return next();
        void answer(request, response, mock);
      });
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, mock: MockServer): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const result = await mock.handle(request.method ?? "GET", request.url ?? "/", text ? JSON.parse(text) : undefined);
  response.statusCode = result.status;
  response.setHeader("content-type", "application/json");
  for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, value);
  response.end(result.text ?? (result.body === undefined ? undefined : JSON.stringify(result.body)));
}

function connect(socket: WebSocket, mock: () => MockServer): void {
  let seq = 0;
  let logs: ReturnType<typeof setInterval> | undefined;
  const send = (channel: string, event: string, data: Record<string, unknown>) => socket.send(JSON.stringify({ seq: ++seq, channel, event, data }));
  const stop = mock().listen(send);
  socket.on("close", () => {
    stop();
    clearInterval(logs);
  });
  send("system", "hello", { version: "0.1.0" });
  socket.on("message", (raw) => {
    const message = JSON.parse(String(raw)) as { action: string; channels?: string[]; deployment_id?: string; tail?: number };
    if (message.action === "ping") send("system", "pong", {});
    if (!message.channels?.includes("logs")) return;
    clearInterval(logs);
    if (message.action !== "subscribe") return;
    send("logs", "lines", { deployment_id: message.deployment_id, lines: mock().logLines(message.tail ?? 200), dropped: 0 });
    logs = setInterval(() => {
      const text = LOGS[Math.floor(Math.random() * LOGS.length)];
      send("logs", "lines", { deployment_id: message.deployment_id, lines: [{ at: Date.now(), service: "web", stream: "stdout", text }], dropped: 0 });
    }, 400);
  });
}
