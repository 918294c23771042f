import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { fieldErrors, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { Session } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked, useSession } from "@/components/permissions";
import { password as judge } from "@/lib/password";
import { toast } from "@/lib/toasts";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card, Facts } from "@/ui/Card";
import { PasswordField } from "@/ui/Field";
import { StatusPill } from "@/ui/Status";
import { Ago, When } from "@/ui/Time";

export default function Account() {
  const session = useSession();
  return (
    <>
      {session && (
        <Card title="You">
          <Facts
            items={[
              ["Name", session.user.name],
              ["Role", session.user.role],
              ["Since", <When key="s" at={session.user.created_at} />],
            ]}
          />
        </Card>
      )}
      <Password />
      <Sessions />
    </>
  );
}

function Password() {
  const client = useQueryClient();
  const blocked = useBlocked("account.own");
  const name = useSession()?.user.name ?? "";
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const go = useMutation({
    mutationFn: api.changePassword,
    onSuccess: () => {
      setCurrent("");
      setFresh("");
      toast("The password is changed. Your other sessions have ended.");
      void client.invalidateQueries({ queryKey: queries.keys.sessions });
    },
  });
  const errors = fieldErrors(go.error);
  const currentError =
    errors.current ?? (go.isError && !errors.new && !errors.password && !errors[""] ? messageOf(go.error) : undefined);
  return (
    <Card title="Password">
      <form
        className="grid max-w-md gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!blocked) go.mutate({ current, new: fresh });
        }}
      >
        {errors[""] && <Banner role="alert" status="crit" title={errors[""]} />}
        <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
        <PasswordField
          label="Present password"
          autoComplete="current-password"
          required
          value={current}
          error={currentError}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <PasswordField
          label="New password"
          autoComplete="new-password"
          required
          minLength={10}
          value={fresh}
          error={errors.new ?? errors.password}
          help={fresh ? judge(fresh) : "At least 10 characters. Your other sessions end."}
          onChange={(event) => setFresh(event.target.value)}
        />
        <div>
          <Button type="submit" busy={go.isPending} reason={blocked}>
            Change the password
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Sessions() {
  const query = useQuery(queries.sessions);
  return (
    <Card title="Sessions" flush>
      <Loaded query={query} what="your sessions">
        {(sessions) => (
          <ul className="grid divide-y divide-border">
            {[...sessions]
              .sort((a, b) => Number(b.current) - Number(a.current) || b.last_used_at - a.last_used_at)
              .map((session) => (
                <Row key={session.id} session={session} />
              ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

function Row({ session }: { session: Session }) {
  const client = useQueryClient();
  const blocked = useBlocked("account.own");
  const end = useMutation({
    mutationFn: () => api.endSession(session.id),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.keys.sessions }),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="grid min-w-0 flex-1 basis-56">
        <span className="flex flex-wrap items-center gap-2 font-medium">
          {session.client || "A client that gave no name"}
          {session.current && <StatusPill status="ok" label="This one" />}
        </span>
        <span className="text-table text-muted">
          from {session.address}, used <Ago at={session.last_used_at} />, ends <When at={session.expires_at} />
        </span>
      </div>
      {!session.current && (
        <Button size="small" busy={end.isPending} reason={blocked} onClick={() => end.mutate()}>
          End it
        </Button>
      )}
    </li>
  );
}
