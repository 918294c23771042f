import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { announce } from "@/lib/announce";
import { probe, watchConnection } from "@/lib/connection";
import { Live, openSocket } from "@/lib/live";
import { createEventSink } from "./events";

const LiveContext = createContext<Live | null>(null);

/** Keeps the socket open while somebody is signed in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [live] = useState(
    () =>
      new Live({
        open: openSocket,
        onMessage: createEventSink(client),
        onGap: () => void client.invalidateQueries({ refetchType: "active" }),
        probe,
      }),
  );
  useEffect(() => {
    live.start();
    const stopWatching = watchConnection(() => {
      announce("Connected again.");
      void client.invalidateQueries();
    });
    return () => {
      stopWatching();
      live.stop();
    };
  }, [live, client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("useLive needs a LiveProvider");
  return live;
}
