import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import * as queries from "@/api/queries";
import { AppIcon } from "@/components/AppIcon";
import { Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { LinkButton } from "@/components/links";
import { fieldsOf } from "@/lib/schema";
import { Banner, EmptyState, Skeleton } from "@/ui/Banner";
import { Sentence } from "@/ui/Sentence";
import type { ApplicationDetail } from "@/api/types";
import { Wizard } from "./Wizard";

export default function Deploy() {
  const { slug } = useParams({ from: "/shell/deploy/$slug" });
  const query = useQuery(queries.application(slug));
  const application = query.data;
  const above = (
    <>
      <Link to="/catalog" className="link">
        Catalog
      </Link>{" "}
      / {application?.title ?? slug}
    </>
  );
  return (
    <Page
      title={`Deploy ${application?.title ?? slug}`}
      above={above}
      lead={application && <AppIcon icon={application.icon} title={application.title} size={48} />}
      below={
        application && (
          <span>
            {application.description}{" "}
            {application.website && (
              <a href={application.website} target="_blank" rel="noreferrer" className="link">
                Project site
              </a>
            )}
          </span>
        )
      }
    >
      <Loaded
        query={query}
        what="this application"
        skeleton={<Skeleton className="h-40" rows={2} />}
        notFound={
          <EmptyState
            title={`The catalog has no ${slug}`}
            action={<LinkButton to="/catalog">Open the catalog</LinkButton>}
          />
        }
      >
        {(found) => (found.broken ? <Broken application={found} /> : <Ready application={found} />)}
      </Loaded>
    </Page>
  );
}

function Ready({ application }: { application: ApplicationDetail }) {
  const fields = useMemo(
    () =>
      fieldsOf(
        application.settings_schema,
        application.definition?.settings.map((setting) => setting.key),
      ),
    [application],
  );
  return <Wizard key={application.slug} application={application} fields={fields} />;
}

function Broken({ application }: { application: ApplicationDetail }) {
  return (
    <Banner status="crit" title="This entry cannot be read, so it cannot be deployed.">
      <ul>
        {application.broken?.map((at) => (
          <li key={`${at.file}:${at.line}:${at.column}:${at.message}`}>
            <code>
              {at.file}:{at.line}:{at.column}
            </code>{" "}
            <Sentence text={at.message} />
          </li>
        ))}
      </ul>
    </Banner>
  );
}
