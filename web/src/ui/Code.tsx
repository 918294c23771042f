import { Download } from "lucide-react";
import { useMemo } from "react";
import { saveFile } from "@/lib/clipboard";
import { diffCounts, parseDiff, type DiffLine } from "@/lib/diff";
import { CopyButton } from "./Copy";
import { Button } from "./Button";
import { cx } from "./cx";

/** Text as it is, scrolling inside its own box. */
export function CodeView({ name, text, tall }: { name: string; text: string; tall?: boolean }) {
  return (
    <figure className="min-w-0 overflow-hidden rounded-control border border-border bg-canvas">
      <figcaption className="flex min-h-10 items-center justify-between gap-2 border-b border-border bg-raised pl-3">
        <code className="min-w-0 truncate">{name}</code>
        <span className="flex">
          <CopyButton text={text} />
          <Button
            size="small"
            look="ghost"
            icon={<Download aria-hidden size={16} />}
            onClick={() => saveFile(name.split("/").at(-1) ?? name, text)}
          >
            <span className="max-sm:sr-only">Download</span>
          </Button>
        </span>
      </figcaption>
      <pre
        tabIndex={0}
        aria-label={name}
        className={cx("overflow-auto p-3 -outline-offset-2", tall ? "max-h-[70vh]" : "max-h-96")}
      >
        {text}
      </pre>
    </figure>
  );
}

const LOOK: Record<DiffLine["kind"], string> = {
  add: "bg-ok/14",
  remove: "bg-crit/14",
  same: "",
  hunk: "bg-raised text-muted",
};
const SIGN: Record<DiffLine["kind"], string> = { add: "+", remove: "−", same: " ", hunk: " " };
const SPOKEN: Partial<Record<DiffLine["kind"], string>> = { add: "added: ", remove: "removed: " };

/** A unified diff with line numbers; signs carry what colour repeats. */
export function DiffView({ name, diff }: { name: string; diff: string }) {
  const lines = useMemo(() => parseDiff(diff), [diff]);
  const { added, removed } = diffCounts(lines);
  if (lines.length === 0) return <p className="text-muted">No difference in {name}.</p>;
  return (
    <figure className="min-w-0 overflow-hidden rounded-control border border-border bg-canvas">
      <figcaption className="flex min-h-10 items-center justify-between gap-2 border-b border-border bg-raised px-3">
        <code className="min-w-0 truncate">{name}</code>
        <span className="text-table whitespace-nowrap text-muted">
          {added} added, {removed} removed
        </span>
      </figcaption>
      <div
        role="region"
        tabIndex={0}
        aria-label={`Differences in ${name}`}
        className="max-h-96 overflow-auto -outline-offset-2"
      >
        <table className="w-full border-collapse font-mono text-table">
          <tbody>
            {lines.map((line, index) => (
              <tr key={index} className={LOOK[line.kind]}>
                <td aria-hidden className="w-0 px-2 text-right text-muted tabular-nums select-none max-sm:hidden">
                  {line.before}
                </td>
                <td aria-hidden className="w-0 px-2 text-right text-muted tabular-nums select-none max-sm:hidden">
                  {line.after}
                </td>
                <td aria-hidden className="w-0 pl-2 select-none">
                  {SIGN[line.kind]}
                </td>
                <td className="pr-3 pl-2 whitespace-pre">
                  {SPOKEN[line.kind] && <span className="sr-only">{SPOKEN[line.kind]}</span>}
                  {line.text}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
