import type { Facts } from "@/api/types";
import { bytes, load } from "@/lib/format";
import { Meter } from "@/ui/Meter";

/** Memory, storage and load of one device. */
export function DeviceMeters({ facts }: { facts: Facts }) {
  const memory = facts.memory_total - facts.memory_available;
  const disk = facts.disk_total - facts.disk_available;
  const share = (used: number, total: number) => (total > 0 ? used / total : null);
  return (
    <div className="grid gap-3">
      <Meter
        label="Memory"
        value={share(memory, facts.memory_total)}
        text={`${bytes(memory)} of ${bytes(facts.memory_total)}`}
        warnAt={0.85}
        critAt={0.95}
      />
      <Meter
        label="Storage"
        value={share(disk, facts.disk_total)}
        text={`${bytes(disk)} of ${bytes(facts.disk_total)}`}
        warnAt={0.8}
        critAt={0.9}
      />
      <Meter
        label="Processor"
        value={share(facts.load_1m, facts.cpus)}
        text={`load ${load(facts.load_1m)} on ${facts.cpus} ${facts.cpus === 1 ? "core" : "cores"}`}
        warnAt={0.8}
        critAt={0.95}
      />
    </div>
  );
}
