// The types of the API are generated from the committed description; this says when they are old.
import { existsSync, readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

const description = new URL("../../openapi.json", import.meta.url);
const types = new URL("../src/api/schema.d.ts", import.meta.url);

test.skipIf(!existsSync(description))(
  "schema.d.ts is what openapi.json makes; otherwise: npm run types",
  { timeout: 60_000 },
  async () => {
    const fresh = astToString(await openapiTS(description));
    const committed = readFileSync(types, "utf8");
    expect(committed.slice(committed.indexOf("export interface")).trim()).toBe(
      fresh.slice(fresh.indexOf("export interface")).trim(),
    );
  },
);
