import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { level, plain } from "@/lib/ansi";
import type { Entry } from "@/lib/log-buffer";
import { LogLineView } from "./LogLineView";

function show(text: string, marked: string[] = []) {
  const entry: Entry = {
    index: 0,
    line: { at: 0, service: "web", stream: "stdout", text },
    plain: plain(text),
    level: level(plain(text)),
  };
  return render(<LogLineView entry={entry} wrap times={false} services={false} marked={marked} />).container;
}

test("markup in a log line is inert text", () => {
  const box = show("<img src=x onerror=alert(1)><script>alert(1)</script>");
  expect(box.querySelector("img, script")).toBeNull();
  expect(box.textContent).toContain("<img src=x onerror=alert(1)>");
});

test("colours are classes, never styles of the line's own", () => {
  const box = show("\x1b[31mred\x1b[0m");
  expect(box.querySelector("[style]")).toBeNull();
  expect(box.textContent).toBe("red");
});

test("found words are marked and nothing is lost", () => {
  const box = show("GET /a then get /b", ["get"]);
  expect([...box.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["GET", "get"]);
  expect(box.textContent).toBe("GET /a then get /b");
});
