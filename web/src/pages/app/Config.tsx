import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import * as queries from "@/api/queries";
import { Loaded } from "@/components/Loaded";
import { Skeleton } from "@/ui/Banner";
import { fieldsOf } from "@/lib/schema";
import type { DeploymentConfig } from "@/api/types";
import { ConfigForm } from "./ConfigForm";

export default function Config() {
  const { name } = useParams({ from: "/shell/apps/$name/config" });
  // What is being edited must not change under the hands: it is asked for again only on purpose.
  const query = useQuery({ ...queries.config(name), staleTime: 30_000 });
  const app = useQuery(queries.deployment(name)).data;
  return (
    <Loaded query={query} what="the configuration" skeleton={<Skeleton className="h-12" rows={4} />}>
      {(config) => <Ready name={name} config={config} updateAvailable={app?.update_available ?? false} />}
    </Loaded>
  );
}

function Ready({
  name,
  config,
  updateAvailable,
}: {
  name: string;
  config: DeploymentConfig;
  updateAvailable: boolean;
}) {
  const fields = useMemo(
    () =>
      fieldsOf(
        config.schema,
        config.definition.settings.map((setting) => setting.key),
      ),
    [config],
  );
  return <ConfigForm name={name} config={config} fields={fields} updateAvailable={updateAvailable} />;
}
