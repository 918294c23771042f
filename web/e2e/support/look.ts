// What must hold of every page: no barrier that a program can find, and nothing that hangs out of a phone's screen.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { View } from "./browser.ts";
import { until } from "./time.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Rules {
  type: "tag" | "rule";
  values: string[];
}

const ALL: Rules = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
/** All that another theme can change. */
const COLOURS: Rules = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

interface Violation {
  id: string;
  impact: string | null;
  help: string;
  nodes: { target: unknown[]; failureSummary?: string }[];
}

interface Axe {
  run(context: unknown, options: unknown): Promise<{ violations: Violation[] }>;
}

/** Runs axe on the page as it is. */
async function violations({ page }: View, runOnly: Rules): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const found = await page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    // The guards around an open menu or dialog take the focus only to pass it on.
    const context = { exclude: ["[data-base-ui-focus-guard]"] };
    const result = await axe.run(context, { runOnly: only, resultTypes: ["violations"] });
    return result.violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes }));
  }, runOnly);
  return found.flatMap(({ id, impact, help, nodes }) =>
    nodes.map(({ target, failureSummary = "" }) => {
      const why = failureSummary.split("\n").slice(1).join("; ");
      return `${id} (${impact ?? "no impact given"}): ${help}\n    at ${target.join(" ")}\n    ${why.trim()}`;
    }),
  );
}

/** Fails with a list of every violation of WCAG 2.2 AA that axe finds, in the dark and in the light theme. */
export async function axe(view: View, where: string): Promise<void> {
  const { page } = view;
  await view.settle();
  const found: string[] = [];
  // Dark comes last, and stays.
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme });
    const root = page.locator("html");
    await until(`the ${theme} theme`, async () => (await root.getAttribute("data-theme")) === theme);
    // Colours pass over into each other.
    await page.evaluate(async () => {
      const passing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
      await Promise.allSettled(passing.map(({ finished }) => finished));
    });
    const here = await violations(view, theme === "dark" ? ALL : COLOURS);
    found.push(...here.map((text) => `${where}, ${theme}: ${text}`));
  }
  assert.equal(found.length, 0, `\n${found.join("\n")}`);
}

/** Fails when the page is wider than the screen, and says what makes it so. */
export async function noSidewaysScroll(view: View, where: string): Promise<void> {
  await view.settle();
  const wide = await view.page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const all = [...document.querySelectorAll("body *")];
    const over = all.filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
    const named = over.map((one) => `<${one.tagName.toLowerCase()} class="${one.getAttribute("class") ?? ""}">`);
    return [`${scrollWidth} px on a screen of ${clientWidth} px`, ...named.slice(0, 5)];
  });
  assert.deepEqual(wide, [], `${where} scrolls sideways`);
}
