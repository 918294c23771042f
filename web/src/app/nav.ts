import { Activity, Boxes, House, LayoutGrid, Server, Settings, type LucideIcon } from "lucide-react";

export interface NavEntry {
  to: "/" | "/apps" | "/catalog" | "/devices" | "/activity" | "/settings";
  label: string;
  icon: LucideIcon;
  /** In the bottom bar of phones; the rest is behind "More". */
  phone: boolean;
  /** `g` then this letter. */
  key: string;
}

export const NAV: NavEntry[] = [
  { to: "/", label: "Home", icon: House, phone: true, key: "h" },
  { to: "/apps", label: "Apps", icon: LayoutGrid, phone: true, key: "a" },
  { to: "/catalog", label: "Catalog", icon: Boxes, phone: false, key: "c" },
  { to: "/devices", label: "Devices", icon: Server, phone: true, key: "d" },
  { to: "/activity", label: "Activity", icon: Activity, phone: true, key: "o" },
  { to: "/settings", label: "Settings", icon: Settings, phone: false, key: "s" },
];
