import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Download, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { listAudit, verifyAudit } from "@/api/endpoints";
import * as queries from "@/api/queries";
import type { AuditRow, AuditVerdict } from "@/api/types";
import { DownloadButton } from "@/components/links";
import { Failed } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { useMay } from "@/components/permissions";
import { Banner, EmptyState, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { CopyLine } from "@/ui/Copy";
import { TextField } from "@/ui/Field";
import { StatusText } from "@/ui/Status";
import { When } from "@/ui/Time";
import { ActivityTabs } from "./tabs";

const PAGE = 100;

const PHASE = {
  accepted: { status: "busy", label: "Accepted" },
  refused: { status: "crit", label: "Refused" },
  outcome: { status: "ok", label: "Outcome" },
} as const;

/** Who asked for what, from where, and what came of it. */
export default function Audit() {
  const may = useMay("audit.read");
  return (
    <Page title="Activity" documentTitle="Audit">
      <ActivityTabs />
      {may ? <Rows /> : <Banner status="off" title="The audit log is shown to admins and owners." />}
    </Page>
  );
}

function Rows() {
  const filter = useSearch({ from: "/shell/activity/audit" });
  const navigate = useNavigate({ from: "/activity/audit" });
  const [typed, setTyped] = useState({
    actor: filter.actor ?? "",
    action: filter.action ?? "",
    target: filter.target ?? "",
  });
  const query = useInfiniteQuery({
    queryKey: [...queries.keys.audit, filter],
    queryFn: ({ pageParam }) => listAudit({ ...filter, limit: PAGE, before: pageParam }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.sequence),
  });
  const rows = query.data?.pages.flat() ?? [];
  const verdict = useMutation({ mutationFn: verifyAudit });
  const field = (name: "actor" | "action" | "target", label: string) => (
    <TextField
      label={label}
      autoComplete="off"
      autoCapitalize="none"
      value={typed[name]}
      onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
    />
  );
  return (
    <>
      <form
        className="flex flex-wrap items-end gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void navigate({
            search: {
              actor: typed.actor.trim() || undefined,
              action: typed.action.trim() || undefined,
              target: typed.target.trim() || undefined,
            },
            replace: true,
          });
        }}
      >
        {field("actor", "Who")}
        {field("action", "What")}
        {field("target", "On what")}
        <Button type="submit">Filter</Button>
        <Button
          look="ghost"
          icon={<ShieldCheck aria-hidden size={16} />}
          busy={verdict.isPending}
          onClick={() => verdict.mutate()}
        >
          Verify
        </Button>
        <DownloadButton
          look="ghost"
          icon={<Download aria-hidden size={16} />}
          href={`/api/v1/audit/export?${new URLSearchParams(given(filter)).toString()}`}
          download="steward-audit.jsonl"
        >
          Download all that match
        </DownloadButton>
      </form>
      {verdict.data && <Verdict verdict={verdict.data} />}
      {verdict.isError && (
        <Failed what="the verdict" error={verdict.error} retry={() => verdict.mutate()} busy={verdict.isPending} />
      )}
      {query.isPending && <Skeleton className="h-10" rows={8} />}
      {query.isError && (
        <Failed what="the audit log" error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />
      )}
      {query.data && (rows.length > 0 ? <List rows={rows} /> : <EmptyState title="No entry matches" />)}
      {query.hasNextPage && (
        <div>
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </>
  );
}

/** What was found when every row was compared with the chain of hashes. */
function Verdict({ verdict }: { verdict: AuditVerdict }) {
  if (!verdict.whole) {
    return (
      <Banner
        role="alert"
        status="crit"
        title={`The audit is not as it was written, from row ${verdict.broken_at} on.`}
      >
        <p>Somebody changed the database by another way than Steward, or the disk did. A backup has the right rows.</p>
      </Banner>
    );
  }
  return (
    <Banner
      role="status"
      status="ok"
      title={
        verdict.cut
          ? `Rows ${verdict.first} to ${verdict.rows} are as they were written.`
          : `All ${verdict.rows} rows are as they were written.`
      }
    >
      {verdict.cut && <p>The retention cut off the rows up to {verdict.cut.through}.</p>}
      {verdict.head && <CopyLine text={verdict.head} />}
      <p>
        That is the newest row&rsquo;s hash. Kept somewhere else, it shows later that nobody wrote the whole chain anew.
      </p>
    </Banner>
  );
}

/** The conditions that are set. */
function given(filter: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}

function List({ rows }: { rows: AuditRow[] }) {
  return (
    <ul className="card grid divide-y divide-border">
      {rows.map((row) => (
        <li
          key={row.sequence}
          className="grid gap-x-4 gap-y-1 px-4 py-2.5 md:grid-cols-[8rem_minmax(0,1fr)_auto] md:items-center"
        >
          <StatusText {...PHASE[row.phase]} className="text-table" />
          <div className="grid min-w-0">
            <span>
              <span className="font-medium">{row.actor}</span> <code>{row.action}</code> {row.target}
              {row.operation_id && (
                <>
                  {" "}
                  <Link to="/operations/$id" params={{ id: row.operation_id }} className="link text-table">
                    operation
                  </Link>
                </>
              )}
            </span>
            <Detail detail={row.detail} />
          </div>
          <span className="text-table text-muted md:text-right">
            <When at={row.at} />
            {row.address && <span className="block">from {row.address}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Detail({ detail }: { detail: unknown }) {
  const empty =
    detail === null || detail === undefined || (typeof detail === "object" && Object.keys(detail).length === 0);
  if (empty) return null;
  return <code className="line-clamp-2 text-meta text-muted">{JSON.stringify(detail)}</code>;
}
