// HTTP and HTTPS, with a connection of its own for each request: one that is kept breaks when its server is killed.
import { request } from "node:http";
import { request as requestEncrypted } from "node:https";
import { WAIT } from "./time.ts";

export interface Answer {
  status: number;
  text: string;
}

interface Question {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Ask over this socket instead of the network. */
  socketPath?: string;
  /** Over HTTPS: the authority, in PEM, that vouches for the server; no other one is believed. */
  ca?: string;
}

export function ask(url: string, { method = "GET", headers, body, socketPath, ca }: Question = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const start = url.startsWith("https:") ? requestEncrypted : request;
    const asked = start(url, { method, headers, socketPath, ca, agent: false, timeout: WAIT }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error(`${method} ${url}: no answer`)));
    asked.on("error", reject);
    asked.end(body);
  });
}

/** What an app answers; undefined while nobody listens, or nobody behind the engine's proxy does. */
export async function page(url: string): Promise<Answer | undefined> {
  try {
    return await ask(url);
  } catch {
    return undefined;
  }
}
