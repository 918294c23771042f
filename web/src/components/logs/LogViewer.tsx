import { ArrowDown, Download, Pause, Play, WrapText, Clock3 } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState, type ReactNode } from "react";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import { saveFile } from "@/lib/clipboard";
import { count, number } from "@/lib/format";
import { levelMatches, matcher, wantedWords, type Entry, type LevelFilter } from "@/lib/log-buffer";
import { usePreference } from "@/lib/preference";
import { Button, IconButton } from "@/ui/Button";
import { controlClass } from "@/ui/Field";
import { Search } from "@/ui/Search";
import { LogLineView } from "./LogLineView";

interface LogViewerProps {
  name: string;
  entries: readonly Entry[];
  filter: string;
  onFilter: (text: string) => void;
  /** Further controls at the left, such as the choice of a service. */
  controls?: ReactNode;
  /** Show the service of each line. */
  services: boolean;
  /** What to show when there is nothing. */
  empty: ReactNode;
  /** What is below the lines: the state of the stream. */
  footer?: ReactNode;
}

/** Lines as they come, in a window of their own: follow, pause, filter, take along. */
export function LogViewer({ name, entries, filter, onFilter, controls, services, empty, footer }: LogViewerProps) {
  const [wrap, setWrap] = usePreference<boolean>("logs.wrap", true);
  const [times, setTimes] = usePreference<boolean>("logs.times", true);
  const [level, setLevel] = useState<LevelFilter>("all");
  const [frozen, setFrozen] = useState<readonly Entry[] | null>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [seen, setSeen] = useState(0);
  const list = useRef<VirtuosoHandle>(null);
  const typed = useDeferredValue(filter);
  const all = frozen ?? entries;
  const shown = useMemo(() => {
    if (typed === "" && level === "all") return all;
    const matches = matcher(typed);
    return all.filter((entry) => levelMatches(level, entry) && matches(entry));
  }, [all, typed, level]);
  const marked = useMemo(() => wantedWords(typed), [typed]);
  const last = entries.at(-1)?.index ?? -1;
  const missed = frozen ? last - (frozen.at(-1)?.index ?? -1) : atEnd ? 0 : last - seen;

  const follow = () => {
    setFrozen(null);
    list.current?.scrollToIndex({ index: "LAST", align: "end" });
  };
  const pause = () => (frozen ? follow() : setFrozen(entries));
  const text = () =>
    shown
      .map(({ line, plain, note }) =>
        note ? `# ${note}` : [line.at ? new Date(line.at).toISOString() : "", line.service, plain].join(" "),
      )
      .join("\n");

  return (
    <section
      aria-label={`Logs of ${name}`}
      className="card flex h-[max(24rem,calc(100dvh-15rem))] min-w-0 flex-col overflow-hidden"
    >
      <div className="flex flex-wrap items-center gap-2 border-b border-border p-2">
        <Search
          label="Filter lines, -word leaves out"
          value={filter}
          onChange={onFilter}
          className="max-w-72 flex-1 basis-44"
        />
        <select
          aria-label="Level"
          value={level}
          onChange={(event) => setLevel(event.target.value as LevelFilter)}
          className={`${controlClass()} w-auto!`}
        >
          <option value="all">All levels</option>
          <option value="warn">Warnings and errors</option>
          <option value="error">Errors</option>
        </select>
        {controls}
        <div className="ml-auto flex items-center gap-1">
          <IconButton
            label={wrap ? "Do not wrap lines" : "Wrap lines"}
            aria-pressed={wrap}
            icon={<WrapText aria-hidden size={16} />}
            onClick={() => setWrap(!wrap)}
          />
          <IconButton
            label={times ? "Hide times" : "Show times"}
            aria-pressed={times}
            icon={<Clock3 aria-hidden size={16} />}
            onClick={() => setTimes(!times)}
          />
          <IconButton
            label="Download these lines"
            icon={<Download aria-hidden size={16} />}
            onClick={() => saveFile(`${name}.log`, text())}
          />
          <Button
            size="small"
            icon={frozen ? <Play aria-hidden size={16} /> : <Pause aria-hidden size={16} />}
            onClick={pause}
          >
            {frozen ? "Go on" : "Pause"}
          </Button>
        </div>
      </div>
      <div className="relative min-h-0 flex-1 bg-canvas">
        {shown.length === 0 ? (
          <div className="grid h-full place-items-center p-6 text-center text-muted">
            {all.length > 0 ? "No line matches the filter." : empty}
          </div>
        ) : (
          <Virtuoso
            ref={list}
            role="log"
            aria-live="off"
            aria-label={`Lines of ${name}`}
            tabIndex={0}
            className="h-full -outline-offset-2"
            data={shown as Entry[]}
            computeItemKey={(_, entry) => entry.index}
            initialTopMostItemIndex={shown.length - 1}
            followOutput={frozen ? false : "auto"}
            atBottomThreshold={24}
            atBottomStateChange={(bottom) => {
              setAtEnd(bottom);
              if (!bottom) setSeen(last);
            }}
            increaseViewportBy={400}
            itemContent={(_, entry) => (
              <LogLineView entry={entry} wrap={wrap} times={times} services={services} marked={marked} />
            )}
          />
        )}
        {missed > 0 && (
          <div className="absolute inset-x-0 bottom-3 grid justify-items-center">
            <Button size="small" look="primary" icon={<ArrowDown aria-hidden size={16} />} onClick={follow}>
              {count(missed, "new line")}
            </Button>
          </div>
        )}
      </div>
      <div className="flex flex-wrap items-center justify-between gap-2 border-t border-border px-3 py-1.5 text-table text-muted">
        <span>
          {number(shown.length)} of {count(all.length, "line")}
        </span>
        {footer}
      </div>
    </section>
  );
}
