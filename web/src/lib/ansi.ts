// Terminal colours of log lines as spans of plain text. Everything else that a line tries is dropped:
// the text is untrusted and must stay inert.
export interface Span {
  text: string;
  /** 0 to 15, the terminal's colours. */
  color?: number;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

type Style = Omit<Span, "text">;

// CSI sequences, OSC strings up to BEL or ST (or the end of the line), and two-character escapes.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[^[\]]|\x1b\[?[0-?]*$/g;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g;

/** The text without escape sequences, for search and download. */
export function plain(line: string): string {
  return line.replace(ESCAPE, "").replace(CONTROL, "");
}

export function parse(line: string): Span[] {
  if (!line.includes("\x1b")) {
    const text = line.replace(CONTROL, "");
    return text ? [{ text }] : [];
  }
  const spans: Span[] = [];
  let style: Style = {};
  let last = 0;
  const push = (raw: string) => {
    const text = raw.replace(CONTROL, "");
    if (text) spans.push({ ...style, text });
  };
  for (const match of line.matchAll(ESCAPE)) {
    push(line.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[2] === "m") style = apply(style, match[1] ?? "");
  }
  push(line.slice(last));
  return spans;
}

function apply(before: Style, parameters: string): Style {
  const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
  let style = { ...before };
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style = { ...style, bold: undefined, dim: undefined };
    else if (code === 23) style.italic = undefined;
    else if (code === 24) style.underline = undefined;
    else if (code >= 30 && code <= 37) style.color = code - 30;
    else if (code >= 90 && code <= 97) style.color = code - 82;
    else if (code === 39) style.color = undefined;
    else if (code === 38 || code === 48) {
      // 256 colours and true colour: the first sixteen are kept, the rest falls back to plain text.
      if (codes[i + 1] === 5) {
        const index = codes[i + 2] ?? -1;
        if (code === 38) style.color = index >= 0 && index < 16 ? index : undefined;
        i += 2;
      } else if (codes[i + 1] === 2) {
        if (code === 38) style.color = undefined;
        i += 4;
      }
    }
  }
  return style;
}

export type Level = "error" | "warn" | "info" | "debug";

const LEVEL = /\b(?:(fatal|panic|crit(?:ical)?|err(?:or)?)|(warn(?:ing)?)|(info|notice)|(debug|trace))\b/i;

/** The level that a line names near its beginning, when it does. */
export function level(text: string): Level | null {
  const found = LEVEL.exec(text.slice(0, 120));
  if (!found) return null;
  if (found[1]) return "error";
  if (found[2]) return "warn";
  return found[3] ? "info" : "debug";
}
