import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";
import type { SessionInfo } from "@/api/types";
import { connection } from "@/lib/connection";
import { useStore } from "@/lib/store";

export const UNREACHABLE = "Steward cannot be reached, so nothing can be changed now.";

export function useSession(): SessionInfo | undefined {
  return useQuery(queries.session).data;
}

export function useMay(permission: string): boolean {
  return useSession()?.permissions.includes(permission) ?? false;
}

/** Why a control that needs this permission cannot be used now; `null` when it can. */
export function useBlocked(permission?: string): string | null {
  const { reachable } = useStore(connection);
  const session = useSession();
  if (!reachable) return UNREACHABLE;
  if (!permission || !session || session.permissions.includes(permission)) return null;
  return `Your role, ${session.user.role}, does not allow this. An admin can give you another role.`;
}
