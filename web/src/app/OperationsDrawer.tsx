import { useQuery } from "@tanstack/react-query";
import * as queries from "@/api/queries";
import { Loaded } from "@/components/Loaded";
import { OperationList } from "@/components/OperationRow";
import { LinkButton } from "@/components/links";
import { isAtRest } from "@/lib/names";
import { Dialog } from "@/ui/Dialog";

/** Every running operation, and the last few that ended. */
export default function OperationsDrawer({ onClose }: { onClose: () => void }) {
  const query = useQuery(queries.operations({ limit: 50 }));
  return (
    <Dialog
      open
      onClose={onClose}
      place="side"
      title="Operations"
      actions={<LinkButton to="/activity">All operations</LinkButton>}
    >
      <Loaded query={query} what="operations">
        {(operations) => {
          const running = operations.filter((operation) => !isAtRest(operation.state));
          const ended = operations.filter((operation) => isAtRest(operation.state)).slice(0, 6);
          return (
            <div className="grid gap-5">
              <section className="grid gap-2">
                <h3 className="font-semibold">Running</h3>
                {running.length > 0 ? (
                  <OperationList operations={running} />
                ) : (
                  <p className="text-muted">Nothing is running now.</p>
                )}
              </section>
              {ended.length > 0 && (
                <section className="grid gap-2">
                  <h3 className="font-semibold">Ended</h3>
                  <OperationList operations={ended} />
                </section>
              )}
            </div>
          );
        }}
      </Loaded>
    </Dialog>
  );
}
