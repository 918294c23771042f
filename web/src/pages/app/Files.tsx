import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import * as queries from "@/api/queries";
import type { Operation } from "@/api/types";
import { CommandList } from "@/components/CommandList";
import { Loaded } from "@/components/Loaded";
import { useAboutApp, useBlocked, useMay } from "@/components/permissions";
import { kindVerb } from "@/lib/names";
import { Banner, EmptyState } from "@/ui/Banner";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/Code";
import { Ago } from "@/ui/Time";

export default function Files() {
  const { name } = useParams({ from: "/shell/apps/$name/files" });
  const about = useAboutApp(name);
  const may = useMay("files.read", about);
  const blocked = useBlocked("files.read", about);
  const files = useQuery({ ...queries.files(name), enabled: may });
  const operations = useQuery(queries.operations({ deployment: name, limit: 10 }));
  if (!may) {
    return (
      <Banner status="off" title="Files and commands are not shown to your role.">
        {blocked && <p>{blocked}</p>}
      </Banner>
    );
  }
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2">
      <Card title="Generated files">
        <Loaded query={files} what="the files">
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="No files yet" />
            ) : (
              <div className="grid gap-4">
                {all.map((file) => (
                  <div key={file.path} className="grid gap-1">
                    <CodeView name={file.path} text={file.content} />
                    {file.secret && <p className="text-table text-muted">It holds secrets; they are masked here.</p>}
                  </div>
                ))}
              </div>
            )
          }
        </Loaded>
      </Card>
      <Card title="Commands that ran">
        <Loaded query={operations} what="operations">
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="Nothing ran yet" />
            ) : (
              <div className="grid gap-2">
                {all.map((operation, index) => (
                  <OfOperation key={operation.id} operation={operation} open={index === 0} />
                ))}
              </div>
            )
          }
        </Loaded>
      </Card>
    </div>
  );
}

function OfOperation({ operation, open: first }: { operation: Operation; open: boolean }) {
  const [open, setOpen] = useState(first);
  const query = useQuery({ ...queries.operation(operation.id), enabled: open });
  return (
    <details open={first || undefined} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="flex min-h-10 items-center gap-2 rounded-control font-medium">
        {kindVerb(operation.kind)}, <Ago at={operation.created_at} /> by {operation.actor}
      </summary>
      {open && (
        <div className="grid gap-2 py-2">
          <Loaded query={query} what="the commands">
            {(detail) => <CommandList commands={detail.commands} />}
          </Loaded>
          <p>
            <Link to="/operations/$id" params={{ id: operation.id }} className="link">
              Show the operation
            </Link>
          </p>
        </div>
      )}
    </details>
  );
}
