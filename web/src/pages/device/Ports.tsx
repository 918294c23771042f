import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";
import type { DeviceView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { Card } from "@/ui/Card";

/** Which ports are taken, and by whom. */
export function Ports({ device }: { device: DeviceView }) {
  const query = useQuery(queries.ports(device.id));
  return (
    <Card title="Ports in use" flush>
      <div className="max-h-96 overflow-y-auto">
        <Loaded query={query} what="ports">
          {(ports) =>
            ports.length > 0 ? (
              <ul className="grid divide-y divide-border">
                {[...ports]
                  .sort((a, b) => a.port - b.port)
                  .map((port) => (
                    <li
                      key={`${port.port}/${port.protocol}`}
                      className="flex items-center justify-between gap-4 px-4 py-2"
                    >
                      <code>
                        {port.port}/{port.protocol}
                      </code>
                      <span className="text-muted">{port.owner ?? "owner not known"}</span>
                    </li>
                  ))}
              </ul>
            ) : (
              <p className="p-4 text-muted">None is in use.</p>
            )
          }
        </Loaded>
      </div>
    </Card>
  );
}
