import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";
import { Loaded } from "@/components/Loaded";
import { Card, Facts } from "@/ui/Card";

export default function About() {
  const query = useQuery(queries.version);
  return (
    <Card title="About Steward">
      <div className="grid gap-4">
        <Loaded query={query} what="the version">
          {(version) => (
            <Facts
              items={[
                ["Version", version.version],
                ["API", version.api_version],
                ["Licence", "Apache License 2.0"],
              ]}
            />
          )}
        </Loaded>
        <p className="text-muted">
          The fonts Inter and JetBrains Mono are under the SIL Open Font License 1.1, the icons of Lucide under the ISC
          licence. All of it is part of this server; the page loads nothing from elsewhere.
        </p>
      </div>
    </Card>
  );
}
