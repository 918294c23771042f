import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  redirect,
} from "@tanstack/react-router";
import { isSignedOut } from "@/api/problem";
import * as queries from "@/api/queries";
import { PageFailed, PagePending } from "./fallbacks";
import { NotFound } from "./NotFound";
import { Root } from "./Root";
import { Shell } from "./Shell";

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Root,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): { theme?: string } =>
    search.theme === "safe" ? { theme: "safe" } : {},
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  beforeLoad: async ({ context }) => {
    // Once somebody owns this server, the page is no more.
    const { claimed } = await context.queryClient.fetchQuery({ ...queries.health, staleTime: 0 });
    if (claimed) throw notFound();
  },
  component: lazyRouteComponent(() => import("@/pages/Setup")),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: text(search.next) }),
  component: lazyRouteComponent(() => import("@/pages/Login")),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    const { queryClient } = context;
    if (queryClient.getQueryData(queries.keys.session)) return;
    const next = location.href === "/" ? undefined : location.href;
    const signIn = () => redirect({ to: "/login", search: { next } });
    // Health says whether somebody is signed in without a refusal, which browsers would report.
    const { claimed, engine } = await queryClient.fetchQuery({ ...queries.health, staleTime: 0 });
    if (!claimed) throw redirect({ to: "/setup", hash: true });
    if (engine === undefined) throw signIn();
    try {
      await queryClient.ensureQueryData(queries.session);
    } catch (error) {
      if (isSignedOut(error)) throw signIn();
      throw error;
    }
  },
  component: Shell,
  notFoundComponent: NotFound,
});

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/Home")),
});
const apps = createRoute({
  getParentRoute: () => shell,
  path: "/apps",
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import("@/pages/apps/Apps")),
});
const app = createRoute({
  getParentRoute: () => shell,
  path: "/apps/$name",
  component: lazyRouteComponent(() => import("@/pages/app/App")),
});
const appOverview = createRoute({
  getParentRoute: () => app,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/app/Overview")),
});
const appLogs = createRoute({
  getParentRoute: () => app,
  path: "/logs",
  validateSearch: (search: Record<string, unknown>): { service?: string; q?: string } => ({
    service: text(search.service),
    q: text(search.q),
  }),
  component: lazyRouteComponent(() => import("@/pages/app/Logs")),
});
const appConfig = createRoute({
  getParentRoute: () => app,
  path: "/config",
  component: lazyRouteComponent(() => import("@/pages/app/Config")),
});
const appHistory = createRoute({
  getParentRoute: () => app,
  path: "/history",
  component: lazyRouteComponent(() => import("@/pages/app/History")),
});
const appFiles = createRoute({
  getParentRoute: () => app,
  path: "/files",
  component: lazyRouteComponent(() => import("@/pages/app/Files")),
});
const catalog = createRoute({
  getParentRoute: () => shell,
  path: "/catalog",
  validateSearch: (search: Record<string, unknown>): { q?: string; category?: string } => ({
    q: text(search.q),
    category: text(search.category),
  }),
  component: lazyRouteComponent(() => import("@/pages/Catalog")),
});
const deploy = createRoute({
  getParentRoute: () => shell,
  path: "/deploy/$slug",
  component: lazyRouteComponent(() => import("@/pages/deploy/Deploy")),
});
const operation = createRoute({
  getParentRoute: () => shell,
  path: "/operations/$id",
  component: lazyRouteComponent(() => import("@/pages/operation/Operation")),
});
const activity = createRoute({
  getParentRoute: () => shell,
  path: "/activity",
  validateSearch: (search: Record<string, unknown>): { state?: string; kind?: string; app?: string } => ({
    state: text(search.state),
    kind: text(search.kind),
    app: text(search.app),
  }),
  component: lazyRouteComponent(() => import("@/pages/activity/Activity")),
});
const audit = createRoute({
  getParentRoute: () => shell,
  path: "/activity/audit",
  validateSearch: (search: Record<string, unknown>): { actor?: string; action?: string; target?: string } => ({
    actor: text(search.actor),
    action: text(search.action),
    target: text(search.target),
  }),
  component: lazyRouteComponent(() => import("@/pages/activity/Audit")),
});
const schedules = createRoute({
  getParentRoute: () => shell,
  path: "/activity/schedules",
  component: lazyRouteComponent(() => import("@/pages/activity/schedules/Schedules")),
});
const schedule = createRoute({
  getParentRoute: () => shell,
  path: "/activity/schedules/$name",
  component: lazyRouteComponent(() => import("@/pages/activity/schedules/Schedule")),
});
const devices = createRoute({
  getParentRoute: () => shell,
  path: "/devices",
  component: lazyRouteComponent(() => import("@/pages/Devices")),
});
const device = createRoute({
  getParentRoute: () => shell,
  path: "/devices/$id",
  component: lazyRouteComponent(() => import("@/pages/device/Device")),
});
const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/pages/settings/Settings")),
});
const settingsAccount = createRoute({
  getParentRoute: () => settings,
  path: "/",
  component: lazyRouteComponent(() => import("@/pages/settings/Account")),
});
const settingsTokens = createRoute({
  getParentRoute: () => settings,
  path: "/tokens",
  component: lazyRouteComponent(() => import("@/pages/settings/Tokens")),
});
const settingsUsers = createRoute({
  getParentRoute: () => settings,
  path: "/users",
  component: lazyRouteComponent(() => import("@/pages/settings/Users")),
});
const settingsBackups = createRoute({
  getParentRoute: () => settings,
  path: "/backups",
  component: lazyRouteComponent(() => import("@/pages/settings/Backups")),
});
const settingsHttps = createRoute({
  getParentRoute: () => settings,
  path: "/https",
  component: lazyRouteComponent(() => import("@/pages/settings/Https")),
});
const settingsAppearance = createRoute({
  getParentRoute: () => settings,
  path: "/appearance",
  component: lazyRouteComponent(() => import("@/pages/settings/Appearance")),
});
const settingsTasks = createRoute({
  getParentRoute: () => settings,
  path: "/tasks",
  component: lazyRouteComponent(() => import("@/pages/settings/Tasks")),
});
const settingsRetention = createRoute({
  getParentRoute: () => settings,
  path: "/retention",
  component: lazyRouteComponent(() => import("@/pages/settings/Retention")),
});
const settingsAbout = createRoute({
  getParentRoute: () => settings,
  path: "/about",
  component: lazyRouteComponent(() => import("@/pages/settings/About")),
});

export const routeTree = root.addChildren([
  setup,
  login,
  shell.addChildren([
    home,
    apps,
    app.addChildren([appOverview, appLogs, appConfig, appHistory, appFiles]),
    catalog,
    deploy,
    operation,
    activity,
    audit,
    schedules,
    schedule,
    devices,
    device,
    settings.addChildren([
      settingsAccount,
      settingsTokens,
      settingsUsers,
      settingsBackups,
      settingsHttps,
      settingsAppearance,
      settingsRetention,
      settingsTasks,
      settingsAbout,
    ]),
  ]),
]);

export function createAppRouter(queryClient: QueryClient, history?: Parameters<typeof createRouter>[0]["history"]) {
  return createRouter({
    routeTree,
    history,
    context: { queryClient },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: PagePending,
    defaultPendingMs: 150,
    defaultPendingMinMs: 0,
    defaultErrorComponent: PageFailed,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
