// A WebSocket that a test holds the other end of.
import type { SocketLike } from "../src/lib/live";

export class FakeSocket implements SocketLike {
  static readonly all: FakeSocket[] = [];
  readyState = 0;
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  private seq = 0;

  constructor() {
    FakeSocket.all.push(this);
  }

  static latest(): FakeSocket {
    const last = FakeSocket.all.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  fail(): void {
    this.readyState = 3;
    this.onclose?.();
  }

  push(channel: string, event: string, data: Record<string, unknown> = {}, seq = ++this.seq): void {
    this.seq = seq;
    this.onmessage?.({ data: JSON.stringify({ seq, channel, event, data }) });
  }
}
