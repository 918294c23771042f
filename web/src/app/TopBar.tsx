import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleUser, LogOut, Moon, Search, Settings, Sun, SunMoon } from "lucide-react";
import * as api from "@/api/endpoints";
import * as queries from "@/api/queries";
import { messageOf } from "@/api/problem";
import { useSession } from "@/components/permissions";
import { isAtRest } from "@/lib/names";
import { useStore } from "@/lib/store";
import { setTheme, theme, type ThemeChoice } from "@/lib/theme";
import { toast } from "@/lib/toasts";
import { Button, IconButton } from "@/ui/Button";
import { Logo } from "@/ui/Logo";
import { Menu, MenuItem, MenuLabel, MenuLine, MenuLink } from "@/ui/Menu";
import { StatusGlyph } from "@/ui/Status";
import { ConnectionState } from "./ConnectionState";

interface TopBarProps {
  onSearch: () => void;
  onOperations: () => void;
}

export function TopBar({ onSearch, onOperations }: TopBarProps) {
  return (
    <header className="sticky top-0 z-20 flex h-14 items-center gap-2 border-b border-border bg-canvas px-4 md:px-6">
      <Link to="/" aria-label="Steward, home" className="mr-1 rounded-control md:hidden">
        <Logo />
      </Link>
      <button
        type="button"
        onClick={onSearch}
        aria-keyshortcuts="Control+K"
        className="flex min-h-9 flex-1 items-center gap-2 rounded-control border border-control bg-card px-3 text-muted hover:text-text md:max-w-80 pointer-coarse:min-h-11"
      >
        <Search aria-hidden size={16} />
        <span className="truncate">Find</span>
        <kbd className="ml-auto rounded-control border border-border px-1.5 text-meta max-md:hidden">Ctrl K</kbd>
      </button>
      <div className="ml-auto flex items-center gap-1">
        <RunningChip onClick={onOperations} />
        <ConnectionState />
        <AccountMenu />
      </div>
    </header>
  );
}

function RunningChip({ onClick }: { onClick: () => void }) {
  const { data } = useQuery(queries.operations({ limit: 50 }));
  const running = (data ?? []).filter((operation) => !isAtRest(operation.state)).length;
  return (
    <Button size="small" look="ghost" onClick={onClick}>
      <StatusGlyph status={running > 0 ? "busy" : "off"} />
      <span>
        <span className="sr-only">Operations: </span>
        <span className="tabular-nums">{running}</span>
        <span className="max-lg:sr-only"> running</span>
      </span>
    </Button>
  );
}

const THEMES: { value: ThemeChoice; label: string; icon: typeof Sun }[] = [
  { value: "system", label: "As the system", icon: SunMoon },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "light", label: "Light", icon: Sun },
];

function AccountMenu() {
  const session = useSession();
  const chosen = useStore(theme);
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    try {
      await api.signOut();
    } catch (error) {
      toast(`Signing out failed. ${messageOf(error)}`, { kind: "error" });
      return;
    }
    // First away from the pages that would ask again, then nothing of the account stays behind.
    await navigate({ to: "/login" });
    client.clear();
  };
  return (
    <Menu trigger={<IconButton label="Account" icon={<CircleUser aria-hidden size={20} strokeWidth={1.75} />} />}>
      {session && (
        <MenuLabel>
          Signed in as <strong className="font-semibold text-text">{session.user.name}</strong>, {session.user.role}
        </MenuLabel>
      )}
      <MenuLine />
      {THEMES.map(({ value, label, icon: Icon }) => (
        <MenuItem key={value} icon={<Icon aria-hidden size={16} />} onSelect={() => setTheme(value)}>
          <span>
            {label}
            {chosen === value && <span className="text-muted"> (chosen)</span>}
          </span>
        </MenuItem>
      ))}
      <MenuLine />
      <MenuLink render={<Link to="/settings" />} icon={<Settings aria-hidden size={16} />}>
        Settings
      </MenuLink>
      <MenuItem icon={<LogOut aria-hidden size={16} />} onSelect={() => void leave()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}
