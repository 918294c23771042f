import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { signIn } from "@/api/endpoints";
import { ApiError, messageOf } from "@/api/problem";
import { duration } from "@/lib/format";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { PasswordField, TextField } from "@/ui/Field";

function words(error: unknown): string {
  if (error instanceof ApiError && error.status === 429) {
    const wait = error.retryAfter ? ` Try again in ${duration(error.retryAfter * 1000)}.` : " Try again in a while.";
    return `Too many tries.${wait}`;
  }
  return messageOf(error);
}

/** Name and password. Used on its own page and over a page whose session ended. */
export function SignInForm({ name, onDone }: { name?: string; onDone: () => void }) {
  const [user, setUser] = useState(name ?? "");
  const [password, setPassword] = useState("");
  const go = useMutation({ mutationFn: signIn, onSuccess: onDone });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!go.isPending) go.mutate({ user, password });
      }}
    >
      {go.isError && <Banner role="alert" status="crit" title={words(go.error)} />}
      <TextField
        label="Name"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus={!name}
        value={user}
        onChange={(event) => setUser(event.target.value)}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        autoFocus={Boolean(name)}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Button type="submit" look="primary" busy={go.isPending}>
        Sign in
      </Button>
    </form>
  );
}
