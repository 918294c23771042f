import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { claim } from "@/api/endpoints";
import { ApiError, fieldErrors } from "@/api/problem";
import { keys } from "@/api/queries";
import { Gate } from "@/components/Gate";
import { password as judge } from "@/lib/password";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { PasswordField, TextField } from "@/ui/Field";

/** `#code=CODE`, or `#code=CODE,ca=SHA256` with what the command line wants to know of the server. */
function codeFromAddress(): string {
  return new URLSearchParams(location.hash.slice(1).replaceAll(",", "&")).get("code") ?? "";
}

/** The first account. The code, printed where Steward was started, shows that this is the owner. */
export default function Setup() {
  const [fromAddress] = useState(codeFromAddress);
  const [code, setCode] = useState(fromAddress);
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const go = useMutation({
    mutationFn: claim,
    onSuccess: async () => {
      // The code in the address has done its work.
      history.replaceState(history.state, "", location.pathname);
      client.removeQueries({ queryKey: keys.session });
      client.removeQueries({ queryKey: keys.health });
      await navigate({ to: "/" });
    },
  });
  const errors = fieldErrors(go.error);
  const strength = judge(password);
  const codeIsWrong = go.error instanceof ApiError && go.error.code === "setup_code_wrong";
  return (
    <Gate title="Set up Steward" lead="Make the first account. It owns this server and can invite others later.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!go.isPending) go.mutate({ code: code.trim(), user, password });
        }}
      >
        {errors[""] && (
          <Banner role="alert" status="crit" title={errors[""]}>
            {go.error instanceof ApiError && go.error.hint && <p>{go.error.hint}</p>}
          </Banner>
        )}
        {fromAddress && !codeIsWrong ? (
          <p className="text-table text-muted">The set-up code came with the address.</p>
        ) : (
          <TextField
            label="Set-up code"
            name="code"
            help="Steward printed it where it was started, with a link that carries it."
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            required
            autoFocus
            value={code}
            error={errors.code}
            onChange={(event) => setCode(event.target.value)}
          />
        )}
        <TextField
          label="Name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus={fromAddress !== ""}
          value={user}
          error={errors.user ?? errors.name}
          onChange={(event) => setUser(event.target.value)}
        />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="new-password"
          required
          minLength={10}
          value={password}
          error={errors.password}
          help={password === "" ? "At least 10 characters. A few random words make a good one." : strength}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" look="primary" busy={go.isPending}>
          Create the account
        </Button>
      </form>
    </Gate>
  );
}
