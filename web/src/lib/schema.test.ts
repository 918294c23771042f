import { expect, test } from "vitest";
import { SCHEMA } from "../../mock/data";
import { changedSettings, complaint, draftOf, fieldsOf, newSettings, valueOf } from "./schema";

const fields = fieldsOf(SCHEMA, ["greeting", "language", "signups", "admin_token", "workers"]);
const field = (key: string) => {
  const found = fields.find((one) => one.key === key);
  if (!found) throw new Error(key);
  return found;
};

test("fields come in the definition's order with what the schema says", () => {
  expect(fields.map((one) => one.key)).toEqual(["greeting", "language", "signups", "admin_token", "workers"]);
  expect(field("admin_token")).toMatchObject({ secret: true, generated: true, required: false });
  expect(field("workers")).toMatchObject({ type: "integer", minimum: 1, maximum: 16, advanced: true, default: 2 });
  expect(field("language").options).toEqual(["en", "de", "fr"]);
  expect(fieldsOf(null)).toEqual([]);
  expect(fieldsOf({ properties: { odd: 3 } })).toEqual([]);
});

test("a new deployment sends only what differs from the defaults", () => {
  const draft = draftOf(fields, {});
  expect(draft).toEqual({ greeting: "Hello", language: "en", signups: false, admin_token: "", workers: "2" });
  expect(newSettings(fields, draft)).toEqual({});
  expect(newSettings(fields, { ...draft, greeting: "Hi", workers: "4", signups: true })).toEqual({
    greeting: "Hi",
    workers: 4,
    signups: true,
  });
});

test("a change sends only what changed, and an emptied setting as null", () => {
  const before = draftOf(fields, { greeting: "Hi", workers: 4 });
  expect(changedSettings(fields, before, before)).toEqual({});
  expect(changedSettings(fields, before, { ...before, greeting: "", workers: "8" })).toEqual({
    greeting: null,
    workers: 8,
  });
  expect(changedSettings(fields, before, { ...before, admin_token: "new one" })).toEqual({ admin_token: "new one" });
});

test("values have the schema's types", () => {
  expect(valueOf(field("workers"), "3")).toBe(3);
  expect(valueOf(field("workers"), "many")).toBe("many");
  expect(valueOf(field("workers"), "")).toBeUndefined();
  expect(valueOf(field("signups"), true)).toBe(true);
});

test("what the browser can tell without the server", () => {
  expect(complaint(field("workers"), "17")).toBe("The largest value is 16.");
  expect(complaint(field("workers"), "1.5")).toBe("This is not a whole number.");
  expect(complaint(field("workers"), "x")).toBe("This is not a number.");
  expect(complaint(field("greeting"), "y".repeat(81))).toBe("At most 80 characters.");
  expect(complaint(field("admin_token"), "")).toBeUndefined();
  expect(complaint({ ...field("greeting"), required: true, default: undefined }, "")).toBe("Greeting is needed.");
});
