import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import * as queries from "@/api/queries";
import type { ApplicationSummary } from "@/api/types";
import { AppIcon } from "@/components/AppIcon";
import { Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { count, mebibytes, words } from "@/lib/format";
import { rank } from "@/lib/rank";
import { EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Search } from "@/ui/Search";
import { Sentence } from "@/ui/Sentence";
import { StatusPill } from "@/ui/Status";

export default function Catalog() {
  const query = useQuery(queries.applications);
  return (
    <Page title="Catalog" below="Applications that Steward knows how to run.">
      <Loaded query={query} what="the catalog">
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="The catalog is empty">
              Put a folder with a service.hcl into the catalog&apos;s folder on the server, and it appears here.
            </EmptyState>
          ) : (
            <Entries all={all} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Entries({ all }: { all: ApplicationSummary[] }) {
  const { q, category } = useSearch({ from: "/shell/catalog" });
  const navigate = useNavigate({ from: "/catalog" });
  const search = (next: { q?: string; category?: string }) => void navigate({ search: next, replace: true });
  const broken = all.filter((entry) => entry.broken);
  const good = all.filter((entry) => !entry.broken);
  const categories = [...new Set(good.map((entry) => entry.category))].sort();
  const found = rank(
    good.filter((entry) => !category || entry.category === category),
    q ?? "",
    (entry) => `${entry.title} ${entry.slug} ${entry.category} ${entry.description}`,
  );
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <Search
          label="Search by name or purpose"
          value={q ?? ""}
          onChange={(text) => search({ q: text || undefined, category })}
        />
        <div role="group" aria-label="Category" className="flex flex-wrap gap-1.5">
          {[undefined, ...categories].map((one) => (
            <button
              key={one ?? "all"}
              type="button"
              aria-pressed={category === one}
              onClick={() => search({ q, category: one })}
              className={cx(
                "min-h-8 rounded-full border px-3 text-table font-medium pointer-coarse:min-h-11",
                category === one
                  ? "border-accent bg-accent/14 text-text"
                  : "border-border text-muted hover:bg-hover hover:text-text",
              )}
            >
              {one ? words(one) : "All"}
            </button>
          ))}
        </div>
      </div>
      <p role="status" className="sr-only">
        {count(found.length, "application")}
      </p>
      {found.length > 0 ? (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))] gap-3">
          {found.map((entry) => (
            <Entry key={entry.slug} entry={entry} />
          ))}
        </ul>
      ) : (
        <EmptyState
          title="No application matches"
          action={<Button onClick={() => search({})}>Clear the filters</Button>}
        />
      )}
      {broken.length > 0 && <Broken entries={broken} />}
    </div>
  );
}

function Entry({ entry }: { entry: ApplicationSummary }) {
  return (
    <li className="card relative flex gap-3 p-4 hover:border-control">
      <AppIcon icon={entry.icon} title={entry.title} size={48} />
      <div className="grid min-w-0 flex-1 content-start gap-1">
        <div className="flex flex-wrap items-center gap-2">
          <Link to="/deploy/$slug" params={{ slug: entry.slug }} className="stretched text-lead font-medium">
            {entry.title}
          </Link>
          {entry.deployments > 0 && (
            <StatusPill
              status="ok"
              label={entry.deployments === 1 ? "Deployed" : `Deployed ${entry.deployments} times`}
            />
          )}
          {entry.source === "local" && <span className="text-meta text-muted">your own</span>}
        </div>
        <p className="line-clamp-2 text-muted">{entry.description}</p>
        <p className="mt-1 text-table text-subtle">
          {words(entry.category)} · {mebibytes(entry.resources.memory)} memory · {mebibytes(entry.resources.storage)}{" "}
          storage
        </p>
      </div>
    </li>
  );
}

/** Entries that cannot be read: where exactly, so that they can be mended. The others work. */
function Broken({ entries }: { entries: ApplicationSummary[] }) {
  return (
    <section className="grid gap-3" aria-labelledby="broken">
      <h2 id="broken" className="text-lead font-semibold">
        Entries that cannot be read
      </h2>
      <ul className="grid gap-3">
        {entries.map((entry) => (
          <li key={entry.slug} className="card grid gap-2 p-4">
            <div className="flex items-center gap-2">
              <StatusPill status="crit" label="Broken" />
              <span className="font-medium">{entry.slug}</span>
            </div>
            <ul className="grid gap-1">
              {entry.broken?.map((at) => (
                <li key={`${at.file}:${at.line}:${at.column}:${at.message}`}>
                  <code>
                    {at.file}:{at.line}:{at.column}
                  </code>{" "}
                  <span className="text-muted">
                    <Sentence text={at.message} />
                  </span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}
