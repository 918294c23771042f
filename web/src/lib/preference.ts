import { useState } from "react";

/** A small choice about the page itself, remembered in this browser. */
export function usePreference<T extends boolean | string>(name: string, initial: T): [T, (value: T) => void] {
  const key = `steward.${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const stored = localStorage.getItem(key);
      return stored === null ? initial : (JSON.parse(stored) as T);
    } catch {
      return initial;
    }
  });
  const set = (next: T) => {
    setValue(next);
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch {
      // It lasts until the page is reloaded.
    }
  };
  return [value, set];
}
