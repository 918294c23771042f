import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { planDeploy } from "@/api/endpoints";
import { fieldErrors } from "@/api/problem";
import type { DeployRequest, Plan } from "@/api/types";
import { useDebounced } from "@/lib/useDebounced";

const SETTLE = 350;

export interface LivePlan {
  plan: Plan | undefined;
  /** The form has changed since, or an answer is on its way. */
  pending: boolean;
  error: unknown;
  errors: Record<string, string>;
  refetch: () => void;
}

/** The plan of what is in the form, made again shortly after every change. */
export function usePlan(slug: string, request: DeployRequest): LivePlan {
  const settled = useDebounced(JSON.stringify(request), SETTLE);
  const query = useQuery({
    queryKey: ["plan", slug, settled],
    queryFn: ({ signal }) => planDeploy(slug, JSON.parse(settled) as DeployRequest, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  return {
    plan: query.isError ? undefined : query.data,
    pending: query.isFetching || settled !== JSON.stringify(request),
    error: query.error,
    errors: fieldErrors(query.error),
    refetch: () => void query.refetch(),
  };
}
