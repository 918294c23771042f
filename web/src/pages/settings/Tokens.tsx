import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { fieldErrors, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { Role, Token } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked, useSession } from "@/components/permissions";
import { count } from "@/lib/format";
import { toast } from "@/lib/toasts";
import { Banner, EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmPopover } from "@/ui/ConfirmPopover";
import { CopyLine } from "@/ui/Copy";
import { SelectField, TextField } from "@/ui/Field";
import { Ago, When } from "@/ui/Time";

const ROLES: Role[] = ["viewer", "operator", "admin", "owner"];
const LIFETIMES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "one year" },
  { value: "", label: "until it is revoked" },
];

export default function Tokens() {
  const query = useQuery(queries.tokens);
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  return (
    <>
      {made && (
        <Banner
          status="ok"
          role="status"
          title={`The token “${made.name}” is made. It is shown this once.`}
          actions={
            <Button size="small" onClick={() => setMade(null)}>
              I have saved it
            </Button>
          }
        >
          <div className="text-text">
            <CopyLine text={made.secret} label="Copy the token" />
          </div>
        </Banner>
      )}
      <NewToken onMade={(name, secret) => setMade({ name, secret })} />
      <Card title="Your tokens" flush>
        <Loaded query={query} what="your tokens">
          {(tokens) =>
            tokens.length > 0 ? (
              <ul className="grid divide-y divide-border">
                {tokens.map((token) => (
                  <Row key={token.id} token={token} />
                ))}
              </ul>
            ) : (
              <EmptyState title="No token yet">
                Programs and scripts sign in with a token instead of a password.
              </EmptyState>
            )
          }
        </Loaded>
      </Card>
    </>
  );
}

function NewToken({ onMade }: { onMade: (name: string, secret: string) => void }) {
  const client = useQueryClient();
  const session = useSession();
  const held = [session?.user.role ?? "guest", ...(session?.scopes ?? []).map((scope) => scope.role)];
  const highest = Math.max(...held.map((role) => ROLES.indexOf(role)));
  const roles = ROLES.slice(0, highest + 1);
  const apps = useQuery(queries.deployments).data ?? [];
  const devices = useQuery(queries.devices).data ?? [];
  const blocked = useBlocked("token.create");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState("90");
  const [only, setOnly] = useState("");
  const go = useMutation({
    mutationFn: () => {
      const [kind, id] = only.split(" ");
      const scope = id ? (kind === "app" ? { deployments: [id] } : { devices: [id] }) : {};
      const expires_in_days = days ? Number(days) : undefined;
      return api.createToken({ name: name.trim(), role: highest < 0 ? undefined : role, expires_in_days, ...scope });
    },
    onSuccess: ({ token, secret }) => {
      setName("");
      onMade(token.name, secret);
      void client.invalidateQueries({ queryKey: queries.keys.tokens });
    },
  });
  const errors = fieldErrors(go.error);
  return (
    <Card title="New token">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!blocked) go.mutate();
        }}
      >
        {errors[""] && <Banner role="alert" status="crit" title={errors[""]} />}
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label="Name"
            help="What it is for."
            required
            value={name}
            error={errors.name}
            onChange={(event) => setName(event.target.value)}
          />
          <SelectField
            label="Role"
            value={role}
            error={errors.role}
            options={roles.map((value) => ({ value, label: value }))}
            onChange={(event) => setRole(event.target.value as Role)}
          />
          <SelectField
            label="Can be used for"
            value={only}
            error={errors.deployments ?? errors.devices}
            options={[
              { value: "", label: "everything that you see" },
              ...apps.map((app) => ({ value: `app ${app.id}`, label: `only the app ${app.name}` })),
              ...devices.map((device) => ({ value: `device ${device.id}`, label: `only the device ${device.name}` })),
            ]}
            onChange={(event) => setOnly(event.target.value)}
          />
          <SelectField
            label="Works for"
            value={days}
            error={errors.expires_in_days}
            options={LIFETIMES}
            onChange={(event) => setDays(event.target.value)}
          />
        </div>
        <div>
          <Button type="submit" busy={go.isPending} reason={blocked}>
            Make a token
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Row({ token }: { token: Token }) {
  const client = useQueryClient();
  const blocked = useBlocked("account.own");
  const revoke = useMutation({
    mutationFn: () => api.revokeToken(token.id),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.keys.tokens }),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="grid min-w-0 flex-1 basis-56">
        <span className="font-medium">{token.name}</span>
        <span className="text-table text-muted">
          {token.role}
          {token.scopes && ` for ${count(token.scopes.length, "app or device", "apps or devices")} only`}, made{" "}
          <Ago at={token.created_at} />,{" "}
          {token.last_used_at ? (
            <>
              used <Ago at={token.last_used_at} />
            </>
          ) : (
            "never used"
          )}
          ,{" "}
          {token.expires_at ? (
            <>
              until <When at={token.expires_at} />
            </>
          ) : (
            "until it is revoked"
          )}
        </span>
      </div>
      <ConfirmPopover
        size="small"
        reason={blocked}
        busy={revoke.isPending}
        question={`Revoke ${token.name}?`}
        detail="What uses it is refused from now on."
        confirm={`Revoke ${token.name}`}
        onConfirm={() => revoke.mutate()}
      >
        Revoke
      </ConfirmPopover>
    </li>
  );
}
