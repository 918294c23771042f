import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useStore } from "@/lib/store";
import { announcement } from "@/lib/announce";
import { dismiss, toasts } from "@/lib/toasts";
import { IconButton } from "./Button";
import { Sentence } from "./Sentence";
import { StatusGlyph } from "./Status";

/** Toasts and the live region. Mounted once; the regions exist before there is something to say. */
export function Toaster({ renderLink }: { renderLink: (href: string, label: string) => ReactNode }) {
  const all = useStore(toasts);
  const spoken = useStore(announcement);
  const list = (kind: "note" | "error") =>
    all
      .filter((toast) => toast.kind === kind)
      .map((toast) => (
        <div
          key={toast.id}
          className="slide-in pointer-events-auto flex items-start gap-3 rounded-card border border-border bg-raised py-2 pr-1 pl-3 text-text shadow-popover"
        >
          <StatusGlyph status={kind === "error" ? "crit" : "ok"} className="mt-1.5" />
          <p className="flex-1 py-1">
            <Sentence text={toast.text} /> {toast.link && renderLink(toast.link.href, toast.link.label)}
          </p>
          <IconButton label="Close message" icon={<X aria-hidden size={16} />} onClick={() => dismiss(toast.id)} />
        </div>
      ));
  return (
    <>
      <div className="pointer-events-none fixed bottom-4 left-4 z-60 grid w-[min(24rem,calc(100vw-2rem))] gap-2 max-md:bottom-20">
        <div role="alert" className="grid gap-2">
          {list("error")}
        </div>
        <div role="status" className="grid gap-2">
          {list("note")}
        </div>
      </div>
      <div role="status" className="sr-only">
        {spoken}
      </div>
    </>
  );
}
