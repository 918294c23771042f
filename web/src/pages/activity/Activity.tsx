import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { listOperations } from "@/api/endpoints";
import * as queries from "@/api/queries";
import { Failed } from "@/components/Loaded";
import { OperationList } from "@/components/OperationRow";
import { Page } from "@/components/Page";
import { ALL_KINDS, ALL_OPERATION_STATES, OPERATION, kindVerb } from "@/lib/names";
import { EmptyState, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { SelectField } from "@/ui/Field";
import { ActivityTabs } from "./tabs";

const PAGE = 50;

/** Every operation, newest first. */
export default function Activity() {
  const { state, kind, app } = useSearch({ from: "/shell/activity" });
  const navigate = useNavigate({ from: "/activity" });
  const apps = useQuery(queries.deployments).data ?? [];
  const filter = { state, kind, deployment: app };
  const filtered = Boolean(state || kind || app);
  const query = useInfiniteQuery({
    queryKey: [...queries.keys.operations, "list", "pages", filter],
    queryFn: ({ pageParam }) => listOperations({ ...filter, whole: !app, limit: PAGE, before: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.id),
  });
  const search = (next: { state?: string; kind?: string; app?: string }) =>
    void navigate({ search: { state, kind, app, ...next }, replace: true });
  const any = { value: "", label: "All" };
  const names = [...new Set([...apps.map((one) => one.name), ...(app ? [app] : [])])].sort();
  const operations = query.data?.pages.flat() ?? [];
  return (
    <Page title="Activity">
      <ActivityTabs />
      <div className="grid max-w-3xl gap-3 sm:grid-cols-3">
        <SelectField
          label="State"
          value={state ?? ""}
          options={[any, ...ALL_OPERATION_STATES.map((value) => ({ value, label: OPERATION[value].label }))]}
          onChange={(event) => search({ state: event.target.value || undefined })}
        />
        <SelectField
          label="Kind"
          value={kind ?? ""}
          options={[any, ...ALL_KINDS.map((value) => ({ value, label: kindVerb(value) }))]}
          onChange={(event) => search({ kind: event.target.value || undefined })}
        />
        <SelectField
          label="App"
          value={app ?? ""}
          options={[any, ...names.map((value) => ({ value, label: value }))]}
          onChange={(event) => search({ app: event.target.value || undefined })}
        />
      </div>
      {query.isPending && <Skeleton className="h-12" rows={6} />}
      {query.isError && (
        <Failed what="operations" error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />
      )}
      {query.data &&
        (operations.length > 0 ? (
          <div className="card px-3">
            <OperationList operations={operations} />
          </div>
        ) : filtered ? (
          <EmptyState
            title="No operation matches"
            action={<Button onClick={() => void navigate({ search: {}, replace: true })}>Clear the filters</Button>}
          />
        ) : (
          <EmptyState title="No operation yet">
            Everything that Steward changes is listed here, with what it did.
          </EmptyState>
        ))}
      {query.hasNextPage && (
        <div>
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </Page>
  );
}
