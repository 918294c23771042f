import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";
import type { DeploymentView, DeviceView, SessionInfo } from "@/api/types";
import { connection } from "@/lib/connection";
import { useStore } from "@/lib/store";

export const UNREACHABLE = "Steward cannot be reached, so nothing can be changed now.";

/** What a right is asked for: an app on its device, or a device. An operation says it as it stands. */
export interface About {
  device_id: string;
  deployment_id?: string | null;
}

export const aboutApp = (app: DeploymentView): About => ({ deployment_id: app.id, device_id: app.device_id });
export const aboutDevice = (device: DeviceView): About => ({ device_id: device.id });

export function useSession(): SessionInfo | undefined {
  return useQuery(queries.session).data;
}

/** What an app is about, by its name; nothing until it is known. */
export function useAboutApp(name: string): About | undefined {
  const app = useQuery(queries.deployment(name)).data;
  return app && aboutApp(app);
}

/** The role somebody has there, and what they may do: with "somewhere", what they may do anywhere. */
function rightsOf(session: SessionInfo, about?: About | "somewhere") {
  const rights = { role: session.user.role, permissions: session.permissions };
  for (const scope of session.scopes) {
    const holds =
      about === "somewhere" ||
      (about !== undefined &&
        ("device_id" in scope ? scope.device_id === about.device_id : scope.deployment_id === about.deployment_id));
    if (holds && scope.permissions.length > rights.permissions.length)
      Object.assign(rights, { role: scope.role, permissions: scope.permissions });
  }
  return rights;
}

export function useMay(permission: string, about?: About | "somewhere"): boolean {
  const session = useSession();
  return session ? rightsOf(session, about).permissions.includes(permission) : false;
}

/** Why a control that needs this permission cannot be used now; `null` when it can. */
export function useBlocked(permission?: string, about?: About | "somewhere"): string | null {
  const { reachable } = useStore(connection);
  const session = useSession();
  if (!reachable) return UNREACHABLE;
  if (!permission || !session) return null;
  const { role, permissions } = rightsOf(session, about);
  if (permissions.includes(permission)) return null;
  return `Your role, ${role}, does not allow this. An admin can give you another role.`;
}
