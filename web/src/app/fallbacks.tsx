import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useEffect } from "react";
import { NoAnswer } from "@/api/problem";
import { Failed } from "@/components/Loaded";
import { connection } from "@/lib/connection";
import { watchConnection } from "@/lib/connection";
import { useStore } from "@/lib/store";
import { Skeleton } from "@/ui/Banner";

/** While the code of a page is on its way. */
export function PagePending() {
  return (
    <div className="mx-auto grid max-w-[90rem] gap-4 px-4 py-5 md:px-6" aria-busy="true">
      <span className="sr-only">Loading the page</span>
      <Skeleton className="h-8 w-48" />
      <Skeleton className="h-24" rows={3} />
    </div>
  );
}

/** A page that could not be shown: why, and links that still work. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const { reachable } = useStore(connection);
  const silent = error instanceof NoAnswer || !reachable;
  const retry = () => {
    reset();
    void router.invalidate();
  };
  useEffect(() => {
    if (!silent) return;
    return watchConnection(() => void router.invalidate());
  }, [silent, router]);
  return (
    <main className="mx-auto grid max-w-2xl gap-4 px-4 py-10">
      <h1 tabIndex={-1} className="text-h1 font-semibold">
        {silent ? "Steward does not answer" : "This page failed"}
      </h1>
      <Failed what="this page" error={error} retry={retry} />
      <p>
        <a className="link" href="/">
          Go to Home
        </a>
      </p>
    </main>
  );
}
