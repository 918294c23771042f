// Every number, size and time that people read. Unknown is "—", never 0.
export const UNKNOWN = "—";

type Maybe = number | null | undefined;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

const known = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);

/** Three significant digits. */
function three(value: number): string {
  return new Intl.NumberFormat(undefined, { maximumSignificantDigits: value >= 1000 ? 4 : 3 }).format(value);
}

/** Bytes as B, KiB, MiB, GiB... */
export function bytes(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  let unit = 0;
  let amount = value;
  // 1023.6 would round to 1024 of the smaller unit.
  while (Math.abs(amount) >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${three(amount)} ${UNITS[unit]}`;
}

/** MiB, the unit of definitions. */
export const mebibytes = (value: Maybe): string => bytes(known(value) ? value * 1024 * 1024 : value);

/** `412 of 690 MiB`, both in the larger one's unit. */
export function bytesOf(done: Maybe, total: Maybe): string {
  if (!known(done)) return UNKNOWN;
  return known(total) && total > 0 ? `${bytes(done)} of ${bytes(total)}` : bytes(done);
}

export function number(value: Maybe): string {
  return known(value) ? new Intl.NumberFormat().format(value) : UNKNOWN;
}

export function percent(part: Maybe, whole: Maybe): string {
  if (!known(part) || !known(whole) || whole <= 0) return UNKNOWN;
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 }).format(part / whole);
}

export function load(value: Maybe): string {
  return known(value)
    ? new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)
    : UNKNOWN;
}

/** `1 app`, `3 apps`. */
export function count(value: number, one: string, many = `${one}s`): string {
  const rule = new Intl.PluralRules("en").select(value);
  return `${number(value)} ${rule === "one" ? one : many}`;
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`. */
export function duration(milliseconds: Maybe): string {
  if (!known(milliseconds)) return UNKNOWN;
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 0.95) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const start = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(start, start + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** How long ago, in words, to 24 hours; after that the date. */
export function ago(at: Maybe, now: number): string {
  if (!known(at)) return UNKNOWN;
  const seconds = Math.round((now - at) / 1000);
  // A clock that is a little off must not make the past the future.
  if (seconds < 5) return seconds < -60 ? dateTime(at) : "just now";
  const words = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
  if (seconds < 60) return words.format(-seconds, "second");
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return words.format(-Math.floor(seconds / 3600), "hour");
  return date(at, now);
}

/** How long until then, in words, up to two days; after that in days. */
export function ahead(at: Maybe, now: number): string {
  if (!known(at)) return UNKNOWN;
  const seconds = Math.round((at - now) / 1000);
  if (seconds < 1) return "now";
  const words = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
  if (seconds < 60) return words.format(seconds, "second");
  if (seconds < 3600) return words.format(Math.round(seconds / 60), "minute");
  if (seconds < 2 * 86400) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / 86400), "day");
}

/** The day; without the year when it is this year's. */
export function date(at: Maybe, now = Date.now()): string {
  if (!known(at)) return UNKNOWN;
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(undefined, {
    day: "numeric",
    month: "short",
    year: sameYear ? undefined : "numeric",
  }).format(at);
}

export function dateTime(at: Maybe): string {
  if (!known(at)) return UNKNOWN;
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }).format(at);
}

/** Full time with its zone, for tooltips. */
export function exact(at: Maybe): string {
  if (!known(at)) return UNKNOWN;
  return new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }).format(at);
}

/** `14:02:11` */
export function clock(at: Maybe): string {
  if (!known(at)) return UNKNOWN;
  return new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(at);
}

/** `14:02:11.250`, for log lines. */
export function clockMs(at: Maybe): string {
  if (!known(at)) return UNKNOWN;
  const two = (value: number) => String(value).padStart(2, "0");
  const when = new Date(at);
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}.${String(when.getMilliseconds()).padStart(3, "0")}`;
}

/** An argument vector as a person would type it. Only for reading: nothing is ever run from this text. */
export function commandLine(argv: string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}

/** `health_check` as `Health check`. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
