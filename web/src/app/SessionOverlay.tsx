import { useQueryClient } from "@tanstack/react-query";
import { sessionEnded } from "@/api/client";
import * as queries from "@/api/queries";
import { SignInForm } from "@/components/SignInForm";
import { useSession } from "@/components/permissions";
import { useStore } from "@/lib/store";
import { Dialog } from "@/ui/Dialog";

/** When the session ends in the middle of work: sign in over the page, and what was typed stays. */
export function SessionOverlay() {
  const ended = useStore(sessionEnded);
  const client = useQueryClient();
  const session = useSession();
  const done = async () => {
    const before = session?.user.id;
    sessionEnded.set(false);
    const after = await client.fetchQuery({ ...queries.session, staleTime: 0 });
    // Somebody else signed in: nothing of the page before may stay.
    if (before && after.user.id !== before) location.reload();
    else await client.invalidateQueries();
  };
  return (
    <Dialog
      open={ended}
      mustAnswer
      onClose={() => undefined}
      title="Sign in again"
      description={<p className="text-muted">Your session has ended. The page below stays as it is.</p>}
    >
      <SignInForm name={session?.user.name} onDone={() => void done()} />
    </Dialog>
  );
}
