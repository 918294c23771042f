// Asks for an operation and says what became of the request.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import { messageOf } from "@/api/problem";
import type { Accepted } from "@/api/types";
import { kindDoing } from "@/lib/names";
import { toast } from "@/lib/toasts";

interface Options {
  onAccepted?: (accepted: Accepted) => void;
  /** The page shows the operation itself; a toast would say it twice. */
  quiet?: boolean;
}

export function useOperation({ onAccepted, quiet }: Options = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (ask: () => Promise<Accepted>) => ask(),
    onSuccess: (accepted) => {
      void client.invalidateQueries({ queryKey: keys.operations });
      void client.invalidateQueries({ queryKey: keys.deployments });
      const { operation, unchanged } = accepted;
      if (!quiet) {
        toast(
          unchanged ? `${operation.target} is already as asked.` : `${kindDoing(operation.kind)} ${operation.target}.`,
          {
            link: unchanged ? undefined : { label: "Show", href: `/operations/${operation.id}` },
          },
        );
      }
      onAccepted?.(accepted);
    },
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
}
