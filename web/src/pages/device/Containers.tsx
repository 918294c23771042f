import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";
import type { Container, DeviceView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { container as nameOf } from "@/lib/names";
import { Card } from "@/ui/Card";
import { StatusText } from "@/ui/Status";

const OURS = "io.steward.deployment";

/** Every container on the device, also those that others made. */
export function Containers({ device }: { device: DeviceView }) {
  const query = useQuery({ ...queries.containers(device.id), enabled: device.engine !== null });
  return (
    <Card title="Containers" flush>
      {device.engine === null ? (
        <p className="p-4 text-muted">The engine does not answer.</p>
      ) : (
        <div className="max-h-96 overflow-y-auto">
          <Loaded query={query} what="containers">
            {(all) =>
              all.length > 0 ? (
                <ul className="grid divide-y divide-border">
                  {all.map((one) => (
                    <Row key={one.id} one={one} />
                  ))}
                </ul>
              ) : (
                <p className="p-4 text-muted">There is none.</p>
              )
            }
          </Loaded>
        </div>
      )}
    </Card>
  );
}

function Row({ one }: { one: Container }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
      <div className="grid min-w-0 flex-1 basis-48">
        <span className="font-medium">{one.name}</span>
        <span className="text-table text-muted">
          {one.image}
          {!one.labels[OURS] && ", not made by Steward"}
        </span>
      </div>
      <StatusText {...nameOf(one.state, one.health)} />
    </li>
  );
}
