import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { AfterRemoval } from "@/components/AfterRemoval";
import { connection } from "@/lib/connection";
import { useStore } from "@/lib/store";
import { cx } from "@/ui/cx";
import { OfflineBanner } from "./ConnectionState";
import { DevelopmentBanner } from "./DevelopmentBanner";
import { LiveProvider } from "@/components/live/LiveProvider";
import { BottomBar, Rail } from "./Rail";
import { SessionOverlay } from "./SessionOverlay";
import { TopBar } from "./TopBar";
import { useShortcuts } from "./shortcuts";

const Palette = lazy(() => import("./Palette"));
const OperationsDrawer = lazy(() => import("./OperationsDrawer"));

/** What is around every page of somebody who is signed in. */
export function Shell() {
  return (
    <LiveProvider>
      <Frame />
    </LiveProvider>
  );
}

function Frame() {
  const [palette, setPalette] = useState(false);
  const [drawer, setDrawer] = useState(false);
  const { reachable } = useStore(connection);
  const navigate = useNavigate();
  useShortcuts({ openPalette: () => setPalette(true), go: (to) => void navigate({ to }) });
  useCloseOnNavigation(() => {
    setPalette(false);
    setDrawer(false);
  });
  return (
    <div className="flex min-h-dvh">
      <a
        href="#main"
        className="sr-only z-50 rounded-control bg-raised px-4 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the page
      </a>
      <Rail />
      <div className="flex min-w-0 flex-1 flex-col max-md:pb-20">
        <TopBar onSearch={() => setPalette(true)} onOperations={() => setDrawer(true)} />
        <OfflineBanner />
        <DevelopmentBanner />
        <main id="main" tabIndex={-1} className={cx("min-w-0 flex-1 outline-none", !reachable && "saturate-[0.2]")}>
          <Outlet />
        </main>
      </div>
      <BottomBar />
      <Suspense fallback={null}>
        {palette && <Palette onClose={() => setPalette(false)} />}
        {drawer && <OperationsDrawer onClose={() => setDrawer(false)} />}
      </Suspense>
      <AfterRemoval />
      <SessionOverlay />
    </div>
  );
}

function useCloseOnNavigation(close: () => void) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    close();
  });
}
