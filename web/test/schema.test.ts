// The types of the API are generated from the committed description; this says when they are old.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

const at = (path: string) => resolve(import.meta.dirname, "../..", path);

test("schema.d.ts is what openapi.json makes; otherwise: npm run types", { timeout: 60_000 }, async () => {
  const fresh = astToString(await openapiTS(readFileSync(at("openapi.json"), "utf8")));
  const committed = readFileSync(at("web/src/api/schema.d.ts"), "utf8");
  const interfaces = (text: string) => text.slice(text.indexOf("export interface")).trim();
  expect(interfaces(committed)).toBe(interfaces(fresh));
});
