// The theme that a person chose. `public/theme.js` sets it before the first paint; this keeps it after.
import { createStore } from "./store";

export type ThemeChoice = "system" | "dark" | "light";
const KEY = "steward.theme";

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "dark" || value === "light" ? value : "system";
  } catch {
    return "system";
  }
}

export const theme = createStore<ThemeChoice>("system");

const systemIsLight = () => matchMedia("(prefers-color-scheme: light)");

function apply(choice: ThemeChoice) {
  const light = choice === "light" || (choice === "system" && systemIsLight().matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
}

export function setTheme(choice: ThemeChoice): void {
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Without storage the choice lasts until the page is reloaded.
  }
  theme.set(choice);
  apply(choice);
}

export function startTheme(): void {
  theme.set(stored());
  apply(theme.get());
  systemIsLight().addEventListener("change", () => apply(theme.get()));
}
