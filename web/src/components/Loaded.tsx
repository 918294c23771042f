import type { UseQueryResult } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError, diagnostics, isNotFound, messageOf } from "@/api/problem";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Banner, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/Copy";
import { Sentence } from "@/ui/Sentence";

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  /** What is loaded, as in "The list of apps could not be loaded". */
  what: string;
  skeleton?: ReactNode;
  /** Shown when the server says that there is no such thing. */
  notFound?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Loading, error and old data, the same everywhere. */
export function Loaded<T>({ query, what, skeleton, notFound, children }: LoadedProps<T>) {
  if (query.data !== undefined) {
    if (query.isError && isNotFound(query.error) && notFound) return notFound;
    return (
      <>
        {query.isError && <Old query={query} what={what} />}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) {
    if (notFound && isNotFound(query.error)) return notFound;
    return <Failed what={what} error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />;
  }
  return (
    <div aria-busy="true">
      <span className="sr-only">Loading {what}</span>
      {skeleton ?? <Skeleton rows={4} className="h-10" />}
    </div>
  );
}

export function Failed({
  what,
  error,
  retry,
  busy,
}: {
  what: string;
  error: unknown;
  retry: () => void;
  busy?: boolean;
}) {
  const known = error instanceof ApiError ? error : null;
  return (
    <Banner
      role="alert"
      status="crit"
      title={`Loading ${what} failed.`}
      actions={
        <>
          <Button size="small" icon={<RotateCw aria-hidden size={16} />} onClick={retry} busy={busy}>
            Retry
          </Button>
          <CopyButton text={diagnostics(error)} label="Copy diagnostics" />
        </>
      }
    >
      <p>
        <Sentence text={messageOf(error)} />
      </p>
      {known?.hint && <p>{known.hint}</p>}
      {known && (
        <p className="text-table">
          Asked: <code>{known.path}</code>, code <code>{known.code}</code>. The other pages keep working.
        </p>
      )}
    </Banner>
  );
}

function Old({ query, what }: { query: UseQueryResult<unknown>; what: string }) {
  const now = useNow();
  return (
    <Banner
      status="unknown"
      className="mb-4"
      title={`This is old: ${what} was last loaded ${ago(query.dataUpdatedAt, now)}.`}
      actions={
        <Button
          size="small"
          icon={<RotateCw aria-hidden size={16} />}
          onClick={() => void query.refetch()}
          busy={query.isFetching}
        >
          Retry
        </Button>
      }
    >
      <p>{messageOf(query.error)}</p>
    </Banner>
  );
}
