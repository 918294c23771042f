// The size of the program, the web UI inside.
import { statSync } from "node:fs";
import { composePlugin } from "./docker.mjs";
import { MB, size } from "./numbers.mjs";

const TARGET = 30 * MB;

export async function binary({ steward }) {
  const bytes = statSync(steward).size;
  return {
    measured: size(bytes),
    yardstick: `docker-compose: ${size(statSync(composePlugin()).size)}`,
    target: `<= ${size(TARGET)}`,
    ok: bytes <= TARGET,
    samples: { bytes },
  };
}
