import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { fetchLogs } from "@/api/logs";
import { Loaded } from "@/components/Loaded";
import { plain } from "@/lib/ansi";
import { Card } from "@/ui/Card";

const LINES = 20;

/** The last words of an app that does not run as it should. */
export function LastLines({ name }: { name: string }) {
  const query = useQuery({
    queryKey: ["deployments", name, "last-lines"],
    queryFn: ({ signal }) => fetchLogs(name, { tail: LINES }, signal),
    refetchInterval: 10_000,
  });
  return (
    <Card
      title="Last lines"
      aside={
        <Link to="/apps/$name/logs" params={{ name }} className="link">
          All logs
        </Link>
      }
    >
      <Loaded query={query} what="the last lines">
        {(lines) =>
          lines.length > 0 ? (
            <pre
              tabIndex={0}
              aria-label="Last lines"
              className="max-h-72 overflow-auto rounded-control border border-border bg-canvas p-3 whitespace-pre-wrap"
            >
              {lines.map((line) => plain(line.text)).join("\n")}
            </pre>
          ) : (
            <p className="text-muted">It wrote nothing.</p>
          )
        }
      </Loaded>
    </Card>
  );
}
