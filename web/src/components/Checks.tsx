import { Wrench } from "lucide-react";
import type { Check, CheckStatus } from "@/api/types";
import type { Status } from "@/lib/names";
import { Button } from "@/ui/Button";
import { Sentence } from "@/ui/Sentence";
import { StatusGlyph } from "@/ui/Status";

const LOOK: Record<CheckStatus, { status: Status; word: string }> = {
  pass: { status: "ok", word: "Passed" },
  warn: { status: "warn", word: "Warning" },
  fail: { status: "crit", word: "Failed" },
};

const ORDER: CheckStatus[] = ["fail", "warn", "pass"];

export function fixLabel(fix: { field: string; value: string }): string {
  return fix.field === "name" ? `Use the name ${fix.value}` : `Use ${fix.value}`;
}

/** Pre-flight checks, worst first, each with what would mend it. */
export function Checks({
  checks,
  onFix,
}: {
  checks: Check[];
  onFix?: (fix: { field: string; value: string }) => void;
}) {
  const sorted = [...checks].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return (
    <ul className="grid divide-y divide-border">
      {sorted.map((check) => {
        const { status, word } = LOOK[check.status];
        return (
          <li key={`${check.code}-${check.message}`} className="flex flex-wrap items-center gap-x-3 gap-y-2 py-2">
            <StatusGlyph status={status} />
            <div className="grid min-w-0 flex-1 basis-48">
              <span>
                <span className="sr-only">{word}: </span>
                <Sentence text={check.message} />
              </span>
              {check.hint && (
                <span className="text-table text-muted">
                  <Sentence text={check.hint} />
                </span>
              )}
            </div>
            {check.fix && check.status !== "pass" && onFix && (
              <Button
                size="small"
                icon={<Wrench aria-hidden size={16} />}
                onClick={() => check.fix && onFix(check.fix)}
              >
                {fixLabel(check.fix)}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
