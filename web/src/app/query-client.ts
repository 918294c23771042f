import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/problem";

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events say when something is old; this only spares repeated questions while pages change.
        staleTime: 5_000,
        gcTime: 10 * 60_000,
        // An answer that says no stays a no. Silence is asked once more.
        retry: (failures, error) => failures < 1 && error instanceof ApiError && error.code === "unreachable",
        retryDelay: 500,
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
