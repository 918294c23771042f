import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";

/** Says on every page that this is not the instance that runs the home. */
export function DevelopmentBanner() {
  const { data } = useQuery(queries.version);
  if (!data?.development) return null;
  return (
    <p role="status" className="border-b border-warn/50 bg-warn/8 px-4 py-1.5 text-table md:px-6">
      <strong>Development instance.</strong> Only devices that are marked as development are changed.
    </p>
  );
}
