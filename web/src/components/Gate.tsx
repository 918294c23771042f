import { useEffect, type ReactNode } from "react";
import { Logo } from "@/ui/Logo";

/** The frame of the pages before somebody is signed in. */
export function Gate({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Steward`;
  }, [title]);
  return (
    <main className="grid min-h-dvh content-start justify-items-center px-4 py-8 md:content-center">
      <div className="grid w-full max-w-md gap-5">
        <div className="flex items-center gap-2.5 text-lead font-semibold">
          <Logo />
          Steward
        </div>
        <div className="card grid gap-5 p-6">
          <div className="grid gap-1">
            <h1 tabIndex={-1} className="text-h1 font-semibold">
              {title}
            </h1>
            {lead && <p className="text-muted">{lead}</p>}
          </div>
          {children}
        </div>
      </div>
    </main>
  );
}
