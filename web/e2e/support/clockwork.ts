// An app that only schedules touch, and the schedules: something is due every few seconds.
import assert from "node:assert/strict";
import type { Operation, RunView } from "../../src/api/types.ts";
import { OWNER, type Server } from "./server.ts";

const MINUTE = 60_000;
/** Each runs once a minute, put off by its own share of it. */
const SCHEDULES = Array.from({ length: 12 }, (_, index) => `clock-${index}`);
const JITTER = 55;

/** Whether a schedule asked for it. */
export const isScheduled = ({ actor }: Operation): boolean => actor.startsWith("schedule ");

export class Clockwork {
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** Every second schedule restarts the app, the others change its title. */
  static async wound(server: Server, deployment_id: string): Promise<Clockwork> {
    for (const [index, name] of SCHEDULES.entries()) {
      const request =
        index % 2 === 0
          ? { kind: "deployment.restart", deployment_id }
          : { kind: "deployment.update", deployment_id, settings: { title: name }, ports: {} };
      const body = { name, cron: "* * * * *", time_zone: "UTC", jitter_seconds: JITTER, request };
      const { status, body: answer } = await server.api("POST", "/schedules", body);
      assert.equal(status, 201, JSON.stringify(answer));
    }
    return new Clockwork(server);
  }

  private runs(name: string): Promise<RunView[]> {
    return this.server.get<RunView[]>(`/schedules/${name}/runs?limit=500`);
  }

  /** No operation of a schedule without its run, none twice, and no run without its operation. */
  async agree(all: Operation[], asked: number): Promise<void> {
    const mine = all.filter(isScheduled);
    for (const name of SCHEDULES) {
      const runs = await this.runs(name);
      const oldest = runs.length < 500 ? 0 : (runs.at(-1)?.decided_at ?? 0);
      const of = mine.filter((one) => one.actor === `schedule ${name} (${OWNER.name})` && one.created_at > oldest);
      const said = runs.flatMap((run) => run.operation_id ?? []);
      assert.equal(new Set(said).size, said.length, `${name}: an operation has one run`);
      for (const { id } of of) assert.ok(said.includes(id), `${name}: ${id} has a run`);
      // What was due after the operations were read is not among them.
      const earlier = runs.filter((run) => run.operation_id && run.decided_at > oldest && run.decided_at < asked);
      const ids = new Set(of.map(({ id }) => id));
      for (const run of earlier) assert.ok(ids.has(run.operation_id ?? ""), `${name}: ${JSON.stringify(run)}`);
    }
  }

  /** Stops it; every due time since it was wound up was decided once, and none was missed. */
  async stop(): Promise<number> {
    let decided = 0;
    for (const name of SCHEDULES) {
      await this.server.good(["schedules", "pause", name]);
      const runs = await this.runs(name);
      const due = runs.map((run) => run.due_at);
      assert.equal(new Set(due).size, due.length, `${name}: each due time is there once`);
      const accounted = runs.reduce((sum, run) => sum + 1 + run.missed_before, 0);
      const expected = due.length === 0 ? 0 : ((due[0] ?? 0) - (due.at(-1) ?? 0)) / MINUTE + 1;
      assert.equal(accounted, expected, `${name}: ${JSON.stringify(runs)}`);
      const bad = runs.filter(({ outcome }) => outcome === "missed" || outcome === "refused");
      assert.deepEqual(bad, [], name);
      decided += runs.length;
    }
    return decided;
  }
}
