import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeSocket } from "../../test/fake-socket";
import { backoff } from "./backoff";
import { Live, type Message } from "./live";

let messages: Message[];
let gaps: number;
let answers: boolean;
let live: Live;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all.length = 0;
  messages = [];
  gaps = 0;
  answers = true;
  live = new Live({
    open: () => new FakeSocket(),
    onMessage: (message) => messages.push(message),
    onGap: () => (gaps += 1),
    probe: () => Promise.resolve(answers),
  });
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

test("it subscribes when it opens and hands messages on", () => {
  live.start();
  expect(live.status.get()).toBe("connecting");
  FakeSocket.latest().accept();
  expect(live.status.get()).toBe("live");
  expect(FakeSocket.latest().sent).toEqual([
    { action: "subscribe", channels: ["devices", "deployments", "operations", "schedules", "reconcilers"] },
  ]);
  FakeSocket.latest().push("operations", "changed", { operation_id: "op_1" });
  expect(messages.map((message) => message.event)).toEqual(["changed"]);
  expect(gaps).toBe(0);
});

test("a missing number asks everything again", () => {
  live.start();
  FakeSocket.latest().accept();
  FakeSocket.latest().push("devices", "status_change", {}, 1);
  FakeSocket.latest().push("devices", "status_change", {}, 2);
  expect(gaps).toBe(0);
  FakeSocket.latest().push("devices", "status_change", {}, 4);
  expect(gaps).toBe(1);
});

test("the server's own word of a gap counts too, and is not handed on", () => {
  live.start();
  FakeSocket.latest().accept();
  FakeSocket.latest().push("system", "gap", { missed: 3 });
  expect(gaps).toBe(1);
  expect(messages).toEqual([]);
});

test("after a loss it comes back, waits longer each time, and asks everything again", async () => {
  live.start();
  FakeSocket.latest().accept();
  FakeSocket.latest().fail();
  expect(live.status.get()).toBe("reconnecting");
  await vi.advanceTimersByTimeAsync(390);
  expect(FakeSocket.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(220);
  expect(FakeSocket.all).toHaveLength(2);
  FakeSocket.latest().fail();
  await vi.advanceTimersByTimeAsync(790);
  expect(FakeSocket.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(420);
  expect(FakeSocket.all).toHaveLength(3);
  FakeSocket.latest().accept();
  expect(live.status.get()).toBe("live");
  expect(gaps).toBe(1);
});

test("when only the socket fails, pages are asked every ten seconds", async () => {
  live.start();
  for (let failure = 0; failure < 3; failure += 1) {
    FakeSocket.latest().fail();
    await vi.advanceTimersByTimeAsync(failure < 2 ? backoff(failure, () => 1) : 0);
  }
  expect(live.status.get()).toBe("polling");
  const before = gaps;
  await vi.advanceTimersByTimeAsync(2500);
  // The next attempt is under way; polling goes on beside it.
  await vi.advanceTimersByTimeAsync(7600);
  expect(gaps).toBe(before + 1);
  FakeSocket.latest().accept();
  expect(live.status.get()).toBe("live");
});

test("without an answer over HTTP either it does not poll", async () => {
  answers = false;
  live.start();
  for (let failure = 0; failure < 4; failure += 1) {
    FakeSocket.latest().fail();
    await vi.advanceTimersByTimeAsync(backoff(failure, () => 1));
  }
  expect(live.status.get()).toBe("reconnecting");
});

test("a connection that says nothing to a ping is dead", async () => {
  live.start();
  const first = FakeSocket.latest();
  first.accept();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(first.sent.at(-1)).toEqual({ action: "ping" });
  first.push("system", "pong");
  await vi.advanceTimersByTimeAsync(15_000);
  expect(live.status.get()).toBe("live");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(live.status.get()).not.toBe("live");
  expect(first.readyState).toBe(3);
});

test("the wish for logs survives a reconnection", async () => {
  live.start();
  FakeSocket.latest().accept();
  live.setLogs({ deployment_id: "dep_1", tail: 200 });
  FakeSocket.latest().fail();
  await vi.advanceTimersByTimeAsync(700);
  FakeSocket.latest().accept();
  expect(FakeSocket.latest().sent.at(-1)).toEqual({
    action: "subscribe",
    channels: ["logs"],
    deployment_id: "dep_1",
    tail: 200,
  });
  live.setLogs(null);
  expect(FakeSocket.latest().sent.at(-1)).toEqual({ action: "unsubscribe", channels: ["logs"] });
});

test("the wait grows to fifteen seconds and spreads by a fifth", () => {
  const middle = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoff(attempt, () => 0.5));
  expect(middle).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  expect(backoff(0, () => 0)).toBe(400);
  expect(backoff(0, () => 1)).toBe(600);
});
