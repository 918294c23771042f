import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { fetchLogs } from "@/api/logs";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { DeploymentView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { LogViewer } from "@/components/logs/LogViewer";
import { useLogs } from "@/components/logs/useLogs";
import { useAboutApp, useBlocked, useMay } from "@/components/permissions";
import { wantedWords, type Entry } from "@/lib/log-buffer";
import { level, plain } from "@/lib/ansi";
import { toast } from "@/lib/toasts";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { controlClass } from "@/ui/Field";

const OLDER = 5000;

export default function Logs() {
  const { name } = useParams({ from: "/shell/apps/$name/logs" });
  const query = useQuery(queries.deployment(name));
  const about = useAboutApp(name);
  const may = useMay("logs.read", about);
  const blocked = useBlocked("logs.read", about);
  if (!may)
    return (
      <Banner status="off" title="Logs are not shown to your role.">
        {blocked && <p>{blocked}</p>}
      </Banner>
    );
  return (
    <Loaded query={query} what="this app">
      {(app) => <Viewer key={app.id} app={app} />}
    </Loaded>
  );
}

function Viewer({ app }: { app: DeploymentView }) {
  const { service, q } = useSearch({ from: "/shell/apps/$name/logs" });
  const navigate = useNavigate();
  const { entries, ended, connected } = useLogs(app.name, app.id, service);
  const [older, setOlder] = useState<Entry[] | null>(null);
  const search = (next: { service?: string; q?: string }) =>
    void navigate({ to: "/apps/$name/logs", params: { name: app.name }, search: next, replace: true });
  const word = wantedWords(q ?? "")[0];
  const lookBack = useMutation({
    mutationFn: () => fetchLogs(app.name, { tail: OLDER, grep: word, service }),
    onSuccess: (lines) =>
      setOlder(lines.map((line, index) => ({ index, line, plain: plain(line.text), level: level(plain(line.text)) }))),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  const state =
    ended ?? (connected ? (app.state === "stopped" ? "Stopped: no new lines come." : "Following") : "Not connected");
  return (
    <div className="grid gap-3">
      {older && (
        <Banner
          status="off"
          title={`${older.length} lines in all that is kept hold “${word ?? ""}”.`}
          actions={
            <Button size="small" onClick={() => setOlder(null)}>
              Back to the live log
            </Button>
          }
        />
      )}
      <LogViewer
        name={app.name}
        entries={older ?? entries}
        filter={q ?? ""}
        onFilter={(text) => search({ service, q: text || undefined })}
        services={app.services.length > 1 && !service}
        empty={ended ?? (connected ? "No output yet." : "Connecting…")}
        controls={
          <>
            {app.services.length > 1 && (
              <select
                aria-label="Service"
                value={service ?? ""}
                onChange={(event) => search({ q, service: event.target.value || undefined })}
                className={`${controlClass()} w-auto!`}
              >
                <option value="">All services</option>
                {app.services.map((one) => (
                  <option key={one.name}>{one.name}</option>
                ))}
              </select>
            )}
            {word && !older && (
              <Button size="small" busy={lookBack.isPending} onClick={() => lookBack.mutate()}>
                Search older lines
              </Button>
            )}
          </>
        }
        footer={<span role="status">{older ? "Not following" : state}</span>}
      />
    </div>
  );
}
