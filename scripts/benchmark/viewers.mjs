// Two ways to look at a container's log as it grows. Each takes what it gets as it comes and
// remembers when; what is in it is read only afterwards, so that reading does not slow it down.
import { createRequire } from "node:module";
import { join } from "node:path";
import { end, start } from "./run.mjs";

/** `docker logs --follow`. Calls `take` with everything that arrives, `fail` when it ends. */
export function dockerLogs(container, take, fail) {
  const running = start("docker", ["logs", "--follow", "--tail", "10", container]);
  let problem = "";
  running.child.stdout.on("data", take);
  running.child.stderr.on("data", (text) => (problem = `${problem}${text}`.slice(-1000)));
  running.over.then(
    ({ code }) => fail(new Error(`docker logs ended with ${code}: ${problem}`)),
    fail,
  );
  return () => end(running);
}

/** The WebSocket of a server, as the web UI uses it. */
export function socket(root, server, name, take, fail) {
  const WebSocket = createRequire(join(root, "web", "package.json"))("ws");
  const opened = new WebSocket(`${server.url.replace("http", "ws")}/ws`, {
    headers: { cookie: `steward_session=${server.token}` },
    perMessageDeflate: false,
  });
  const subscribe = { action: "subscribe", channels: ["logs"], deployment_id: name, tail: 10 };
  opened.on("open", () => opened.send(JSON.stringify(subscribe)));
  opened.on("message", (data) => {
    take(data);
    // Messages without lines are short.
    if (data.length < 1000 && /"event":"(error|end)"/.test(data.toString())) fail(new Error(`the server says ${data}`));
  });
  opened.on("error", fail);
  const closed = new Promise((resolve) => {
    opened.on("close", (code, reason) => {
      fail(new Error(`the socket closed with ${code} ${reason}`));
      resolve();
    });
  });
  return () => {
    opened.terminate();
    return closed;
  };
}

/** The texts of the lines in what each of the two received. */
export const dockerLines = (pieces) => Buffer.concat(pieces).toString().split("\n");
export const socketLines = (pieces) =>
  pieces
    .map((piece) => JSON.parse(piece))
    .filter(({ channel, event }) => channel === "logs" && event === "lines")
    .flatMap(({ data }) => data.lines.map(({ text }) => text));
