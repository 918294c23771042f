// The one WebSocket. It says what changed, never what is true: pages ask the API again. Messages are
// numbered; when a number is missing, or the connection was lost, everything visible is asked again.
import { backoff } from "./backoff";
import { createStore, type Store } from "./store";

export interface Message {
  seq: number;
  channel: string;
  event: string;
  data: Record<string, unknown>;
}

/** `polling`: HTTP works, the socket does not; pages ask every ten seconds instead. */
export type LiveStatus = "connecting" | "live" | "reconnecting" | "polling";

export interface SocketLike {
  readyState: number;
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
}

export interface LogRequest {
  deployment_id: string;
  service?: string;
  tail: number;
}

export interface LiveOptions {
  open: () => SocketLike;
  onMessage: (message: Message) => void;
  /** Something may have been missed: ask everything visible again. */
  onGap: () => void;
  /** Whether HTTP answers; asked when the socket is lost. */
  probe: () => Promise<boolean>;
}

const CHANNELS = ["devices", "deployments", "operations", "schedules", "reconcilers"];
const OPEN = 1;
const FAILURES_UNTIL_POLLING = 3;
const POLL_EVERY = 10_000;
const PING_EVERY = 15_000;
const PONG_WITHIN = 10_000;
const OPEN_WITHIN = 10_000;

export class Live {
  readonly status: Store<LiveStatus> = createStore<LiveStatus>("connecting");
  /** What the server last refused on this connection, such as the log of a device that does not answer. */
  readonly refusal: Store<string | null> = createStore<string | null>(null);
  private readonly options: LiveOptions;
  private socket: SocketLike | null = null;
  private seq = 0;
  private failures = 0;
  private wasLive = false;
  private stopped = true;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;
  private ping: ReturnType<typeof setInterval> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private logs: LogRequest | null = null;

  constructor(options: LiveOptions) {
    this.options = options;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.connect();
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    clearTimeout(this.retry);
    this.stopPolling();
    this.drop();
    this.failures = 0;
    this.wasLive = false;
    this.status.set("connecting");
  }

  /** Asks for the log lines of one deployment; `null` ends it. Kept over reconnections. */
  setLogs(request: LogRequest | null): void {
    if (this.logs) this.send({ action: "unsubscribe", channels: ["logs"] });
    this.logs = request;
    this.refusal.set(null);
    if (request) this.subscribeLogs();
  }

  private subscribeLogs(): void {
    if (this.logs) this.send({ action: "subscribe", channels: ["logs"], ...this.logs });
  }

  private send(message: unknown): void {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }

  private connect(): void {
    if (this.stopped) return;
    let socket: SocketLike;
    try {
      socket = this.options.open();
    } catch {
      this.lost();
      return;
    }
    this.socket = socket;
    this.seq = 0;
    const mine = () => this.socket === socket;
    this.watch(OPEN_WITHIN);
    socket.onopen = () => mine() && this.opened();
    socket.onmessage = (event) => mine() && this.received(event.data);
    socket.onclose = () => mine() && this.lost();
    socket.onerror = null;
  }

  private opened(): void {
    clearTimeout(this.watchdog);
    this.failures = 0;
    this.stopPolling();
    this.send({ action: "subscribe", channels: CHANNELS });
    this.subscribeLogs();
    clearInterval(this.ping);
    this.ping = setInterval(() => {
      this.send({ action: "ping" });
      this.watch(PONG_WITHIN);
    }, PING_EVERY);
    this.status.set("live");
    if (this.wasLive) this.options.onGap();
    this.wasLive = true;
  }

  private received(raw: unknown): void {
    clearTimeout(this.watchdog);
    let message: Message;
    try {
      message = JSON.parse(String(raw)) as Message;
    } catch {
      return;
    }
    if (typeof message.seq === "number") {
      const missed = this.seq > 0 && message.seq !== this.seq + 1;
      this.seq = message.seq;
      if (missed) this.options.onGap();
    }
    if (message.channel === "system") {
      if (message.event === "gap") this.options.onGap();
      if (message.event === "error")
        this.refusal.set(String(message.data.message ?? "The server refused a subscription."));
      return;
    }
    this.options.onMessage(message);
  }

  private lost(): void {
    this.drop();
    if (this.stopped) return;
    this.failures += 1;
    if (this.failures < FAILURES_UNTIL_POLLING) this.status.set("reconnecting");
    this.retry = setTimeout(() => this.connect(), backoff(this.failures - 1));
    void this.options.probe().then((answers) => {
      if (this.stopped || this.failures === 0) return;
      if (answers && this.failures >= FAILURES_UNTIL_POLLING) this.startPolling();
      else if (!answers) {
        this.stopPolling();
        this.status.set("reconnecting");
      }
    });
  }

  private startPolling(): void {
    this.status.set("polling");
    if (this.poll) return;
    this.options.onGap();
    this.poll = setInterval(() => this.options.onGap(), POLL_EVERY);
  }

  private stopPolling(): void {
    clearInterval(this.poll);
    this.poll = undefined;
  }

  /** Without a sign of life in time the connection counts as dead, however open it looks. */
  private watch(within: number): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lost(), within);
  }

  private drop(): void {
    clearTimeout(this.watchdog);
    clearInterval(this.ping);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }

  private readonly hurry = (): void => {
    if (document.hidden || this.socket !== null) return;
    clearTimeout(this.retry);
    this.connect();
  };
}

export function openSocket(): SocketLike {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${location.host}/ws`) as unknown as SocketLike;
}
