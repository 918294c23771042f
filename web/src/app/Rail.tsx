import { Link } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { Dialog } from "@/ui/Dialog";
import { Logo } from "@/ui/Logo";
import { NAV } from "./nav";

const railLink =
  "flex min-h-10 items-center gap-3 rounded-control px-3 text-body font-medium text-muted hover:bg-hover hover:text-text max-lg:min-h-12 max-lg:justify-center max-lg:px-0";
const railActive = "bg-raised text-text";

/** The pages, at the left edge; pictures only on tablets. */
export function Rail() {
  return (
    <div className="sticky top-0 flex h-dvh w-56 flex-col border-r border-border bg-card p-3 max-lg:w-16 max-lg:px-2 max-md:hidden">
      <Link
        to="/"
        className="mb-4 flex min-h-10 items-center gap-2.5 rounded-control px-2 text-lead font-semibold max-lg:justify-center"
      >
        <Logo />
        <span className="max-lg:sr-only">Steward</span>
      </Link>
      <nav aria-label="Pages" className="grid gap-1">
        {NAV.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            title={label}
            activeOptions={{ exact: to === "/" }}
            activeProps={{ className: railActive, "aria-current": "page" }}
            className={railLink}
          >
            <Icon aria-hidden size={20} strokeWidth={1.75} />
            <span className="max-lg:sr-only">{label}</span>
          </Link>
        ))}
      </nav>
    </div>
  );
}

const barItem =
  "grid min-h-14 flex-1 content-center justify-items-center gap-0.5 text-meta font-medium text-muted -outline-offset-2";

/** The pages on phones, where the thumb is. */
export function BottomBar() {
  const [more, setMore] = useState(false);
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-x-0 bottom-0 z-30 flex border-t border-border bg-card pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {NAV.filter((entry) => entry.phone).map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/" }}
          activeProps={{ className: "text-accent", "aria-current": "page" }}
          className={barItem}
        >
          <Icon aria-hidden size={20} strokeWidth={1.75} />
          {label}
        </Link>
      ))}
      <button type="button" className={barItem} onClick={() => setMore(true)}>
        <Ellipsis aria-hidden size={20} strokeWidth={1.75} />
        More
      </button>
      <Dialog open={more} onClose={() => setMore(false)} title="More" place="side">
        <ul className="grid gap-1">
          {NAV.filter((entry) => !entry.phone).map(({ to, label, icon: Icon }) => (
            <li key={to}>
              <Link
                to={to}
                onClick={() => setMore(false)}
                className="flex min-h-12 items-center gap-3 rounded-control px-3 text-lead hover:bg-hover"
              >
                <Icon aria-hidden size={20} strokeWidth={1.75} />
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </Dialog>
    </nav>
  );
}
