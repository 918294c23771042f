import { useEffect, type ReactNode } from "react";

interface PageProps {
  title: string;
  /** For the tab of the browser, when it should say more than the heading. */
  documentTitle?: string;
  /** Above the heading: where this page belongs. */
  above?: ReactNode;
  /** Before the heading, such as an icon. */
  lead?: ReactNode;
  /** Below the heading: one line. */
  below?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** Heading, actions and content of a page. The heading takes the focus when the page changes. */
export function Page({ title, documentTitle, above, lead, below, actions, children }: PageProps) {
  const full = `${documentTitle ?? title} · Steward`;
  useEffect(() => {
    document.title = full;
  }, [full]);
  return (
    <div className="mx-auto grid w-full max-w-[90rem] content-start gap-4 px-4 py-5 md:px-6">
      {above && <div className="text-table text-muted">{above}</div>}
      <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
        <div className="flex min-w-0 items-center gap-3">
          {lead}
          <div className="grid min-w-0 gap-0.5">
            <h1 tabIndex={-1} className="text-h1 font-semibold">
              {title}
            </h1>
            {below && <div className="text-muted">{below}</div>}
          </div>
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
