import { Popover } from "@base-ui/react/popover";
import { clock, duration } from "@/lib/format";
import { connection } from "@/lib/connection";
import type { Status } from "@/lib/names";
import { useNow } from "@/lib/now";
import { useStore } from "@/lib/store";
import { Banner } from "@/ui/Banner";
import { IconButton } from "@/ui/Button";
import { StatusGlyph } from "@/ui/Status";
import { useLive } from "@/components/live/LiveProvider";

function useConnectionWords(): { status: Status; word: string; text: string } {
  const { reachable } = useStore(connection);
  const live = useStore(useLive().status);
  if (!reachable)
    return { status: "crit", word: "Offline", text: "Steward does not answer. Trying again every 2 seconds." };
  if (live === "live") return { status: "ok", word: "Live", text: "Changes appear here as they happen." };
  if (live === "polling") {
    return {
      status: "warn",
      word: "Not live",
      text: "The live connection cannot be opened, so this page asks every 10 seconds. If there is a proxy in front of Steward, let it pass WebSocket upgrades of /ws.",
    };
  }
  return { status: "unknown", word: "Connecting", text: "The live connection is being opened." };
}

/** Whether what is on the page is live, as a small glyph that explains itself. */
export function ConnectionState() {
  const { status, word, text } = useConnectionWords();
  return (
    <Popover.Root>
      <Popover.Trigger render={<IconButton label={`Connection: ${word}`} icon={<StatusGlyph status={status} />} />} />
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="end" collisionPadding={8} className="z-50">
          <Popover.Popup className="max-w-80 rounded-card border border-border bg-raised p-4 text-text shadow-popover outline-none">
            <Popover.Title className="font-medium">{word}</Popover.Title>
            <Popover.Description className="mt-1 text-muted">{text}</Popover.Description>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Above the page while the server is silent: everything below is old, and how old. */
export function OfflineBanner() {
  const { reachable, lastAnswer } = useStore(connection);
  if (reachable) return null;
  return (
    <div className="px-4 pt-4 md:px-6">
      <Banner role="alert" status="crit" title="Steward cannot be reached.">
        <p>
          What you see is as of {clock(lastAnswer)}, <Age since={lastAnswer} /> ago. Changes are off until it answers
          again; that is tried every 2 seconds.
        </p>
      </Banner>
    </div>
  );
}

function Age({ since }: { since: number }) {
  return <span className="tabular-nums">{duration(Math.max(1000, useNow() - since))}</span>;
}
