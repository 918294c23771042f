import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";

export function NotFound() {
  return (
    <Page title="There is no such page">
      <p className="text-muted">The address may be mistyped, or what it showed was removed.</p>
      <p className="flex gap-2">
        <LinkButton to="/" look="primary">
          Go to Home
        </LinkButton>
        <LinkButton to="/apps">Apps</LinkButton>
      </p>
    </Page>
  );
}
