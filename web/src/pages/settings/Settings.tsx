import { Link, Outlet } from "@tanstack/react-router";
import { Page } from "@/components/Page";
import { useMay } from "@/components/permissions";
import { tabActiveClass, tabClass, tabListClass } from "@/ui/Tabs";

const TABS = [
  { to: "/settings", label: "Account", permission: null },
  { to: "/settings/tokens", label: "API tokens", permission: null },
  { to: "/settings/users", label: "Users", permission: "users.manage" },
  { to: "/settings/backups", label: "Backups", permission: "backups.read" },
  { to: "/settings/https", label: "HTTPS", permission: null },
  { to: "/settings/appearance", label: "Appearance", permission: null },
  { to: "/settings/retention", label: "Retention", permission: null },
  { to: "/settings/tasks", label: "Background tasks", permission: null },
  { to: "/settings/about", label: "About", permission: null },
] as const;

export default function Settings() {
  const may = { "users.manage": useMay("users.manage"), "backups.read": useMay("backups.read") };
  return (
    <Page title="Settings">
      <nav aria-label="Settings" className={tabListClass}>
        {TABS.map((tab) => (
          <Link
            key={tab.to}
            to={tab.to}
            activeOptions={{ exact: true }}
            activeProps={{ className: tabActiveClass, "aria-current": "page" }}
            className={tabClass}
          >
            {tab.label}
            {tab.permission && !may[tab.permission] && <span className="sr-only"> (admins only)</span>}
          </Link>
        ))}
      </nav>
      <div className="grid max-w-3xl gap-4">
        <Outlet />
      </div>
    </Page>
  );
}
