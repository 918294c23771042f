import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { fieldErrors, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { Role, User } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked, useMay, useSession } from "@/components/permissions";
import { password as judge } from "@/lib/password";
import { toast } from "@/lib/toasts";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { PasswordField, SelectField, TextField, controlClass } from "@/ui/Field";
import { StatusPill } from "@/ui/Status";
import { Ago } from "@/ui/Time";
import { Grants } from "./Grants";

const ROLES: { value: Role; label: string }[] = [
  { value: "guest", label: "guest: sees only what is granted" },
  { value: "viewer", label: "viewer: looks" },
  { value: "operator", label: "operator: runs and changes apps" },
  { value: "admin", label: "admin: manages people and data" },
  { value: "owner", label: "owner: everything" },
];

export default function Users() {
  const may = useMay("users.manage");
  const query = useQuery({ ...queries.users, enabled: may });
  if (!may) return <Banner status="off" title="Accounts are managed by admins and owners." />;
  return (
    <>
      <Card title="Accounts" flush>
        <Loaded query={query} what="the accounts">
          {(users) => (
            <ul className="grid divide-y divide-border">
              {users.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </ul>
          )}
        </Loaded>
      </Card>
      <NewUser />
    </>
  );
}

function Row({ user }: { user: User }) {
  const client = useQueryClient();
  const self = useSession()?.user.id === user.id;
  const blocked = useBlocked("users.manage");
  const [removing, setRemoving] = useState(false);
  const [granting, setGranting] = useState(false);
  const [typed, setTyped] = useState("");
  const done = () => client.invalidateQueries({ queryKey: queries.keys.users });
  const failed = (error: unknown) => toast(messageOf(error), { kind: "error" });
  const change = useMutation({
    mutationFn: (role: Role) => api.changeUser(user.id, { role }),
    onSuccess: done,
    onError: failed,
  });
  const remove = useMutation({
    mutationFn: () => api.deleteUser(user.id),
    onSuccess: () => {
      setRemoving(false);
      return done();
    },
    onError: failed,
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="grid min-w-0 flex-1 basis-40">
        <span className="flex items-center gap-2 font-medium">
          {user.name}
          {self && <StatusPill status="ok" label="You" />}
        </span>
        <span className="text-table text-muted">
          since <Ago at={user.created_at} />
        </span>
      </div>
      <select
        aria-label={`Role of ${user.name}`}
        value={user.role}
        disabled={self || blocked !== null || change.isPending}
        onChange={(event) => change.mutate(event.target.value as Role)}
        className={`${controlClass()} w-auto!`}
      >
        {ROLES.map(({ value }) => (
          <option key={value}>{value}</option>
        ))}
      </select>
      <Button size="small" look="ghost" aria-expanded={granting} onClick={() => setGranting(!granting)}>
        Grants
        <span className="sr-only"> of {user.name}</span>
      </Button>
      <Button
        size="small"
        look="ghost"
        reason={blocked ?? (self ? "You cannot remove your own account." : null)}
        onClick={() => setRemoving(true)}
      >
        Remove
      </Button>
      {granting && <Grants user={user} />}
      <Dialog
        open={removing}
        onClose={() => setRemoving(false)}
        title={`Remove ${user.name}`}
        description={<p>The account, its sessions and its tokens end at once. What it did stays in the audit log.</p>}
        actions={
          <>
            <Button onClick={() => setRemoving(false)}>Cancel</Button>
            <Button
              look="danger"
              busy={remove.isPending}
              reason={typed === user.name ? null : `Type ${user.name} to confirm.`}
              onClick={() => remove.mutate()}
            >
              Remove {user.name}
            </Button>
          </>
        }
      >
        <TextField
          label={`Type ${user.name} to confirm`}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </Dialog>
    </li>
  );
}

function NewUser() {
  const client = useQueryClient();
  const blocked = useBlocked("users.manage");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const go = useMutation({
    mutationFn: api.createUser,
    onSuccess: (user) => {
      setName("");
      setPassword("");
      toast(`The account ${user.name} is made.`);
      void client.invalidateQueries({ queryKey: queries.keys.users });
    },
  });
  const errors = fieldErrors(go.error);
  return (
    <Card title="New account">
      <form
        className="grid max-w-md gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!blocked) go.mutate({ name: name.trim(), password, role });
        }}
      >
        {errors[""] && <Banner role="alert" status="crit" title={errors[""]} />}
        <TextField
          label="Name"
          autoComplete="off"
          autoCapitalize="none"
          required
          value={name}
          error={errors.name}
          onChange={(event) => setName(event.target.value)}
        />
        <PasswordField
          label="First password"
          autoComplete="new-password"
          required
          minLength={10}
          value={password}
          error={errors.password}
          help={
            password
              ? judge(password)
              : "At least 10 characters. Hand it over in person; it can be changed after signing in."
          }
          onChange={(event) => setPassword(event.target.value)}
        />
        <SelectField
          label="Role"
          value={role}
          error={errors.role}
          options={ROLES}
          onChange={(event) => setRole(event.target.value as Role)}
        />
        <div>
          <Button type="submit" busy={go.isPending} reason={blocked}>
            Make the account
          </Button>
        </div>
      </form>
    </Card>
  );
}
