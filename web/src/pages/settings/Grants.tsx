import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { fieldErrors, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { Grant, Role, User } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked } from "@/components/permissions";
import { toast } from "@/lib/toasts";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { SelectField } from "@/ui/Field";

const GRANTED: { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer: looks" },
  { value: "operator", label: "operator: runs and changes it" },
  { value: "admin", label: "admin: also removes it" },
];

const kindOf = (grant: Grant) => ("device_id" in grant ? "device" : grant.removed ? "removed app" : "app");

/** What an account may do on single apps and devices, beyond its role. */
export function Grants({ user }: { user: User }) {
  const query = useQuery(queries.grants(user.id));
  return (
    <div className="grid basis-full gap-3 border-t border-border pt-3">
      <Loaded query={query} what={`what ${user.name} is granted`}>
        {(grants) =>
          grants.length > 0 ? (
            <ul className="grid gap-1" aria-label={`Grants of ${user.name}`}>
              {grants.map((grant) => (
                <Row key={grant.id} user={user} grant={grant} />
              ))}
            </ul>
          ) : (
            <p className="text-muted">
              {user.role === "guest"
                ? `Nothing is granted yet: ${user.name} sees no app and no device.`
                : `Nothing beyond the role ${user.role}.`}
            </p>
          )
        }
      </Loaded>
      <NewGrant user={user} />
    </div>
  );
}

function Row({ user, grant }: { user: User; grant: Grant }) {
  const client = useQueryClient();
  const blocked = useBlocked("users.manage");
  const revoke = useMutation({
    mutationFn: () => api.revokeGrant(user.id, grant.id),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.keys.users }),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-3">
      <span className="flex-1">
        {grant.role} on the {kindOf(grant)} <strong className="font-medium">{grant.name}</strong>
      </span>
      <Button
        size="small"
        look="ghost"
        busy={revoke.isPending}
        reason={blocked}
        aria-label={`Take back ${grant.name}`}
        onClick={() => revoke.mutate()}
      >
        Take back
      </Button>
    </li>
  );
}

function NewGrant({ user }: { user: User }) {
  const client = useQueryClient();
  const blocked = useBlocked("users.manage");
  const apps = useQuery(queries.deployments).data ?? [];
  const devices = useQuery(queries.devices).data ?? [];
  const [role, setRole] = useState<Role>("viewer");
  const [on, setOn] = useState("");
  const give = useMutation({
    mutationFn: () => {
      const [kind, id] = on.split(" ");
      return api.grant(user.id, kind === "device" ? { role, device: id } : { role, deployment: id });
    },
    onSuccess: () => {
      setOn("");
      return client.invalidateQueries({ queryKey: queries.keys.users });
    },
  });
  const errors = fieldErrors(give.error);
  const wrong = errors[""] ?? errors.deployment ?? errors.device;
  const places = [
    { value: "", label: "Choose an app or a device" },
    ...apps.map((app) => ({ value: `app ${app.id}`, label: app.name })),
    ...devices.map((device) => ({ value: `device ${device.id}`, label: `${device.name}, with all that is on it` })),
  ];
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!blocked && on) give.mutate();
      }}
    >
      {wrong && <Banner role="alert" status="crit" title={wrong} />}
      <SelectField label="On" value={on} options={places} onChange={(event) => setOn(event.target.value)} />
      <SelectField
        label="Role there"
        value={role}
        error={errors.role}
        options={GRANTED}
        onChange={(event) => setRole(event.target.value as Role)}
      />
      <Button type="submit" busy={give.isPending} reason={blocked ?? (on ? null : "Choose an app or a device first.")}>
        Grant
      </Button>
    </form>
  );
}
