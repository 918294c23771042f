// Time zones: the viewer's, and how a moment reads in another one.
import { UNKNOWN } from "./format";

export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Names to choose from; a browser that knows none lets any name be typed. */
export function allZones(): string[] {
  const names = "supportedValuesOf" in Intl ? Intl.supportedValuesOf("timeZone") : [];
  return names.includes("UTC") ? names : ["UTC", ...names];
}

const FORMAT: Intl.DateTimeFormatOptions = {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
};

/** `Mon 23 Nov, 03:00` on the clocks of a zone; a zone that this browser does not know is told as UTC. */
export function inZone(at: number | null | undefined, zone: string): string {
  if (at === null || at === undefined) return UNKNOWN;
  try {
    return new Intl.DateTimeFormat(undefined, { ...FORMAT, timeZone: zone }).format(at);
  } catch {
    return `${new Intl.DateTimeFormat(undefined, { ...FORMAT, timeZone: "UTC" }).format(at)} UTC`;
  }
}
