import { Link } from "@tanstack/react-router";
import { tabActiveClass, tabClass, tabListClass } from "@/ui/Tabs";

export function ActivityTabs() {
  const props = {
    activeOptions: { exact: true, includeSearch: false },
    activeProps: { className: tabActiveClass, "aria-current": "page" as const },
    className: tabClass,
  };
  return (
    <nav aria-label="Views of the activity" className={tabListClass}>
      <Link to="/activity" {...props}>
        Operations
      </Link>
      <Link to="/activity/audit" {...props}>
        Audit
      </Link>
      <Link to="/activity/schedules" {...props}>
        Schedules
      </Link>
    </nav>
  );
}
