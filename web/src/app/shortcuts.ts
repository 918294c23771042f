// Keys that work everywhere but inside fields.
import { useEffect, useRef } from "react";
import { NAV, type NavEntry } from "./nav";

interface Actions {
  openPalette: () => void;
  go: (to: NavEntry["to"]) => void;
}

const KEY = "steward.shortcuts";
const CHORD_WITHIN = 1200;

export function singleKeysAreOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function setSingleKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // Without storage they stay on.
  }
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

export function useShortcuts(actions: Actions): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    let chord = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !singleKeysAreOn()) return;
      if (document.querySelector("[role=dialog], [role=menu]")) return;
      if (Date.now() - chord < CHORD_WITHIN) {
        chord = 0;
        const entry = NAV.find((one) => one.key === event.key);
        if (entry) {
          event.preventDefault();
          latest.current.go(entry.to);
        }
        return;
      }
      if (event.key === "g") chord = Date.now();
      if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("input[type=search]");
        if (filter) {
          event.preventDefault();
          filter.focus();
        }
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
