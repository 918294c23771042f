import { useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { sessionEnded } from "@/api/client";
import * as queries from "@/api/queries";
import { Gate } from "@/components/Gate";
import { SignInForm } from "@/components/SignInForm";

/** Only paths of this site: an address from outside must not choose where a person ends up. */
export function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

export default function Login() {
  const { next } = useSearch({ from: "/login" });
  const client = useQueryClient();
  const router = useRouter();
  const done = async () => {
    sessionEnded.set(false);
    client.removeQueries({ queryKey: queries.keys.session });
    await router.navigate({ href: safeNext(next) });
  };
  return (
    <Gate title="Sign in">
      <SignInForm onDone={() => void done()} />
    </Gate>
  );
}
