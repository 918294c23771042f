import { CSPProvider } from "@base-ui/react/csp-provider";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { Toaster } from "@/ui/Toaster";

/** The first two parts of a path: within them only a tab changes, and the focus stays where it is. */
const section = (path: string): string => path.split("/").slice(0, 3).join("/");

/** After a change of page the heading takes the focus, so that it is read and Tab starts there. */
function useHeadingFocus() {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onResolved", ({ fromLocation, toLocation }) => {
        if (!fromLocation || section(fromLocation.pathname) === section(toLocation.pathname)) return;
        // The page's code may still be loading; its heading comes a moment later.
        let tries = 0;
        const look = () => {
          const heading = document.querySelector<HTMLElement>("main h1, h1");
          if (heading) heading.focus({ preventScroll: true });
          else if (tries++ < 40) setTimeout(look, 50);
        };
        requestAnimationFrame(look);
      }),
    [router],
  );
}

export function Root() {
  useHeadingFocus();
  return (
    <CSPProvider disableStyleElements>
      <Outlet />
      <Toaster
        renderLink={(href, label) => (
          <Link to={href} className="link">
            {label}
          </Link>
        )}
      />
    </CSPProvider>
  );
}
