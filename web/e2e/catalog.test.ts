// Applications of the catalog as they stand there, with the real software in them, as far as the lab has it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApplicationDetail, DeploymentView, OperationDetail } from "../src/api/types.ts";
import { labelled } from "./support/docker.ts";
import { page as answerOf } from "./support/http.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { Server } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

/** With the settings that have no default. */
const APPLICATIONS: [slug: string, settings: Record<string, string>][] = [
  ["nginx", {}],
  ["caddy", {}],
  ["mosquitto", {}],
  ["syncthing", {}],
  ["redis", { password: "tall brown dog" }],
  ["postgresql", { password: "tall brown dog" }],
];

/** A port for each that the definition publishes. */
async function ports({ definition }: ApplicationDetail): Promise<Record<string, number>> {
  const all = (definition?.containers ?? []).flatMap((container) => container.ports);
  const published = all.filter(({ external }) => external !== null);
  const chosen = published.map(
    async ({ internal, protocol }) => [`${internal}/${protocol}`, await freePort()] as const,
  );
  return Object.fromEntries(await Promise.all(chosen));
}

/** M15: what the catalog offers becomes healthy as it stands, and leaves nothing but its data. */
test("the catalog's applications run", { skip: skipped({ browser: false }), timeout: WHOLE }, async (t) => {
  const server = await Server.open();
  t.after(() => server.close());
  await server.claim();
  const step = stepsOf(t);

  for (const [slug, settings] of APPLICATIONS) {
    await step(slug, async () => {
      const application = await server.get<ApplicationDetail>(`/applications/${slug}`);
      assert.equal(application.broken, null);
      const name = server.name(slug);
      await server.deploy(slug, name, { settings, ports: await ports(application) });
      const app = await server.get<DeploymentView>(`/deployments/${name}`);
      assert.equal(app.state, "running", JSON.stringify(app.services));
      for (const { url } of app.links.filter(({ url }) => url.startsWith("http://"))) {
        await until(`${url} to answer`, async () => ((await answerOf(url))?.status ?? 500) < 500);
      }
      const { id } = await server.submit("DELETE", `/deployments/${name}`);
      const removed: OperationDetail = await server.rest(id);
      assert.equal(removed.state, "succeeded", JSON.stringify(removed.error));
      const left = (await labelled([name])).filter(({ kind }) => kind !== "volume");
      assert.deepEqual(left, [], "its data stays, and nothing else");
    });
  }
});
