// The JavaScript that the first page loads, packed. The web UI's own check counts it, so that there
// are not two opinions of what belongs to it.
import { join } from "node:path";
import { run } from "./run.mjs";

const TARGET = 200;

export async function page({ root }) {
  // It fails when a route is too large, too, which is not asked here.
  const { out } = await run(process.execPath, [join(root, "web", "scripts", "size.mjs")], { codes: [0, 1] });
  const found = /^(ok|OVER)\s+([\d.]+) KiB of \d+\s+first load/m.exec(out);
  if (!found) throw new Error(`web/scripts/size.mjs says nothing of the first load:\n${out}`);
  const size = Number(found[2]);
  return {
    measured: `${size} KiB`,
    yardstick: "",
    target: `<= ${TARGET} KiB`,
    // The check knows the bytes, this only a rounded number.
    ok: found[1] === "ok" && size <= TARGET,
    samples: { gzip_kib: size },
  };
}
