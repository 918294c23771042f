// Renders the whole app at an address, against the mock.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider, createMemoryHistory } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { vi } from "vitest";
import { MockServer, type Scene } from "../mock/server";
import { createQueryClient } from "../src/app/query-client";
import { createAppRouter } from "../src/app/router";
import { FakeSocket } from "./fake-socket";

export function useMock(mock: MockServer): void {
  vi.stubGlobal("fetch", async (input: string, init: RequestInit = {}) => {
    const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const answer = await mock.handle(init.method ?? "GET", input, body);
    const text = answer.text ?? (answer.body === undefined ? null : JSON.stringify(answer.body));
    return new Response(text, {
      status: answer.status,
      headers: { "content-type": "application/json", ...answer.headers },
    });
  });
  vi.stubGlobal(
    "WebSocket",
    class extends FakeSocket {
      constructor() {
        super();
        setTimeout(() => this.accept());
      }
    },
  );
}

export function renderApp(path: string, scene: Scene | MockServer = "full") {
  const mock = scene instanceof MockServer ? scene : new MockServer(scene);
  useMock(mock);
  const queryClient = createQueryClient();
  const router = createAppRouter(queryClient, createMemoryHistory({ initialEntries: [path] }));
  const view = render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return { ...view, mock, router, queryClient };
}
