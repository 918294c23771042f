import { exact } from "@/lib/format";
import { inZone, viewerZone } from "@/lib/zones";

/** A moment on the clocks of a zone, and on the viewer's when they show another time. */
export function ZonedTime({ at, zone }: { at: number; zone: string }) {
  const there = inZone(at, zone);
  const here = inZone(at, viewerZone());
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {there}
      {here !== there && <span className="text-muted"> ({here} here)</span>}
    </time>
  );
}
