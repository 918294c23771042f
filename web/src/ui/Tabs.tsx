import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface Tab {
  value: string;
  label: ReactNode;
  content: ReactNode;
}

export const tabListClass = "flex gap-1 overflow-x-auto border-b border-border [scrollbar-width:none]";
export const tabClass =
  "relative flex min-h-10 shrink-0 items-center gap-2 rounded-t-control border-b-2 border-transparent px-3 text-body font-medium text-muted -outline-offset-2 hover:text-text pointer-coarse:min-h-11";
export const tabActiveClass = "border-b-accent text-text";

/** Views of one thing within a page. Where the view has an address of its own, links are used instead. */
export function Tabs({ tabs, label }: { tabs: Tab[]; label: string }) {
  return (
    <Base.Root defaultValue={tabs[0]?.value} className="grid min-w-0 gap-4">
      <Base.List aria-label={label} className={tabListClass}>
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className={`${tabClass} data-[active]:border-b-accent data-[active]:text-text`}
          >
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.value} value={tab.value} className="min-w-0 outline-offset-4">
          {tab.content}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
