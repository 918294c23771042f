import { expect, test } from "vitest";
import { APPLICATIONS, DEPLOYMENTS, DEVICES, HTTPS, NAS, RECONCILERS } from "../../mock/data";
import { stuck } from "../../mock/operations";
import { capacity, verdict } from "./verdict";

const good = DEPLOYMENTS.filter((one) => one.state !== "degraded");
const readable = APPLICATIONS.filter((one) => !one.broken);

test("all good names what there is", () => {
  const judged = verdict({ devices: DEVICES, deployments: good, operations: [], applications: readable });
  expect(judged.status).toBe("ok");
  expect(judged.sentence).toBe("All good. 1 device, 3 apps (1 stopped).");
  expect(verdict({ devices: DEVICES, deployments: [], operations: [], applications: [] }).sentence).toBe(
    "All good. 1 device, no apps yet.",
  );
});

test("problems come worst first, each with somewhere to go", () => {
  const judged = verdict({
    devices: [...DEVICES, NAS],
    deployments: DEPLOYMENTS,
    operations: [stuck()],
    applications: APPLICATIONS,
  });
  expect(judged.sentence).toBe("4 problems to look at");
  expect(judged.status).toBe("crit");
  expect(judged.problems.map((problem) => problem.href)).toEqual([
    "/operations/op_0000000000000006",
    "/devices/dev_0000000000000002",
    "/apps/immich/logs",
    "/catalog",
  ]);
});

test("totals leave out devices that do not report, and name them", () => {
  const offline = { ...NAS, status: "offline" as const };
  const all = capacity([...DEVICES, offline]);
  expect(all).toMatchObject({ reporting: 1, devices: 2, missing: ["nas"], cpus: 4 });
});

test("a background task that fails is a problem", () => {
  const refusal = { code: "conflict" as const, message: "the audit is not as it was written" };
  const failing = RECONCILERS.map((task) =>
    task.name === "retention" ? { ...task, failure: refusal, failures: 2 } : task,
  );
  const sources = { devices: DEVICES, deployments: good, operations: [], applications: readable };
  expect(verdict({ ...sources, reconcilers: RECONCILERS }).status).toBe("ok");
  const judged = verdict({ ...sources, reconcilers: failing });
  expect(judged.problems.map((problem) => [problem.status, problem.href])).toEqual([["warn", "/settings/tasks"]]);
  expect(judged.problems[0]?.text).toContain("the audit is not as it was written");
});

test("what can be read on the way is a problem, and so is a certificate that is not good", () => {
  const sources = { devices: DEVICES, deployments: good, operations: [], applications: readable };
  expect(verdict({ ...sources, https: HTTPS }).status).toBe("ok");
  const open = verdict({ ...sources, https: { ...HTTPS, enabled: false, exposed: true } });
  expect(open.problems.map((problem) => [problem.status, problem.href])).toEqual([["warn", "/settings/https"]]);
  expect(open.problems[0]?.text).toContain("Plain HTTP");
  const ended = verdict({ ...sources, https: { ...HTTPS, problem: "The certificate has ended." } });
  expect(ended.problems[0]?.text).toBe("The certificate has ended.");
});
