import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, KeyRound } from "lucide-react";
import { useRef, useState } from "react";
import * as api from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { Backup, BackupKey, Backups as All } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked, useMay } from "@/components/permissions";
import { useOperation } from "@/components/useOperation";
import { count, bytes } from "@/lib/format";
import { BACKUP } from "@/lib/names";
import { useNow } from "@/lib/now";
import { toast } from "@/lib/toasts";
import { Banner, EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card, Facts } from "@/ui/Card";
import { CodeView } from "@/ui/Code";
import { CopyIconButton, CopyLine } from "@/ui/Copy";
import { Dialog } from "@/ui/Dialog";
import { StatusText } from "@/ui/Status";
import { Ago, When } from "@/ui/Time";
import { RestartSteward } from "./RestartSteward";

const DAY = 24 * 60 * 60 * 1000;
/** After so many days without a good backup the page warns. */
const OLD = 7;

/** The backups of Steward's own state: accounts, apps' settings, the audit; not the data of apps. */
export default function Backups() {
  const may = useMay("backups.read");
  if (!may) return <Banner status="off" title="The backups of Steward are shown to admins and owners." />;
  return <List />;
}

function List() {
  const query = useQuery(queries.backups);
  const [shown, setShown] = useState<BackupKey | null>(null);
  return (
    <Loaded query={query} what="the backups">
      {(all) => (
        <>
          <Warnings all={all} />
          <Key all={all} onShow={setShown} />
          <Card title="Backups" aside={<BackUpNow />} flush>
            <Found all={all} />
          </Card>
          <Card title="Put one back">
            <div className="grid gap-3">
              <p>
                A restore replaces everything that Steward knows, so it happens while Steward is stopped, on its
                machine. The apps go on running meanwhile, and what was there before is kept in a folder of its own.
              </p>
              <CopyLine text={restoreCommand(all)} label="Copy the command" />
              <p className="text-muted">
                The data of apps is not in these backups. On another machine, add <code>--key</code> with the copy of
                the key that you keep.
              </p>
            </div>
          </Card>
          <RestartSteward />
          {shown && <KeyDialog shown={shown} onClose={() => setShown(null)} />}
        </>
      )}
    </Loaded>
  );
}

function restoreCommand({ folder, backups }: All): string {
  const good = backups.find((backup) => backup.state === "good");
  return `steward self restore ${good ? `${folder}/${good.name}` : "FILE"}`;
}

function Warnings({ all }: { all: All }) {
  const now = useNow();
  const { latest_good_at: latest, problem } = all;
  const old = latest !== null && now - latest > OLD * DAY;
  return (
    <>
      {problem && (
        <Banner role="alert" status="crit" title={problem.message}>
          {problem.hint && <p>{problem.hint}</p>}
        </Banner>
      )}
      {latest === null && !problem && (
        <Banner status="warn" role="status" title="There is no good backup of Steward yet." />
      )}
      {old && (
        <Banner status="warn" role="status" title={`The newest good backup is more than ${OLD} days old.`}>
          <p>
            It was made <Ago at={latest} />.
          </p>
        </Banner>
      )}
    </>
  );
}

function Key({ all, onShow }: { all: All; onShow: (key: BackupKey) => void }) {
  const blocked = useBlocked("backup_key.reveal");
  const reveal = useMutation({
    mutationFn: api.revealBackupKey,
    onSuccess: onShow,
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  const show = (
    <Button
      size="small"
      icon={<KeyRound aria-hidden size={16} />}
      busy={reveal.isPending}
      reason={blocked}
      onClick={() => reveal.mutate()}
    >
      Show the key
    </Button>
  );
  if (!all.key_saved) {
    return (
      <Banner status="warn" title="Keep a copy of the key somewhere else." actions={show}>
        <p>The backups are encrypted. If this machine is lost with the key, nobody can open them.</p>
      </Banner>
    );
  }
  return (
    <Card title="Key" aside={show}>
      <Facts
        items={[
          ["Public key", <code key="key">{all.recipient}</code>],
          ["Kept elsewhere", "yes, somebody said so"],
        ]}
      />
    </Card>
  );
}

function BackUpNow() {
  const blocked = useBlocked("steward.backup");
  const start = useOperation();
  return (
    <Button
      look="primary"
      size="small"
      icon={<Archive aria-hidden size={16} />}
      busy={start.isPending}
      reason={blocked}
      onClick={() => start.mutate(api.makeBackup)}
    >
      Back up now
    </Button>
  );
}

function Found({ all }: { all: All }) {
  if (all.backups.length === 0) {
    return (
      <EmptyState title="No backup yet">
        A backup has all that Steward knows: accounts, settings and secrets of apps, the audit. It goes to{" "}
        <code>{all.folder}</code>.
      </EmptyState>
    );
  }
  return (
    <>
      <ul className="grid divide-y divide-border" aria-label="Backups">
        {all.backups.map((backup) => (
          <Row key={backup.name} backup={backup} />
        ))}
      </ul>
      <p className="border-t border-border px-4 py-2 text-table text-muted">
        In <code>{all.folder}</code>; the newest {all.keep} are kept. A{" "}
        <Link to="/activity/schedules" className="link">
          schedule
        </Link>{" "}
        makes one by itself.
      </p>
    </>
  );
}

function Row({ backup }: { backup: Backup }) {
  return (
    <li className="grid gap-x-4 gap-y-1 px-4 py-2.5 md:grid-cols-[8rem_minmax(0,1fr)_auto] md:items-center">
      <StatusText {...BACKUP[backup.state]} className="text-table" />
      <div className="grid min-w-0">
        <code className="break-all">{backup.name}</code>
        {backup.sha256 && (
          <span className="flex items-center gap-1 text-table text-muted">
            SHA-256 <code>{backup.sha256.slice(0, 12)}…</code>
            <CopyIconButton text={backup.sha256} label={`Copy the hash of ${backup.name}`} />
          </span>
        )}
        {backup.left_out.length > 0 && (
          <span className="text-table text-warn" title={backup.left_out.join("\n")}>
            without {count(backup.left_out.length, "file")} that cannot be backed up
          </span>
        )}
      </div>
      <span className="text-table text-muted md:text-right">
        <When at={backup.made_at} />
        <span className="block">
          {bytes(backup.size)}
          {backup.program && `, Steward ${backup.program}`}
        </span>
      </span>
    </li>
  );
}

function KeyDialog({ shown, onClose }: { shown: BackupKey; onClose: () => void }) {
  const client = useQueryClient();
  const later = useRef<HTMLButtonElement>(null);
  const saved = useMutation({
    mutationFn: () => api.backupKeyIsSaved(shown.recipient),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: queries.keys.backups });
      onClose();
    },
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="The key of the backups"
      description="Whoever has it can open every backup. Keep it in a password manager or on paper, not beside the backups."
      initialFocus={later}
      actions={
        <>
          <Button ref={later} onClick={onClose}>
            Later
          </Button>
          <Button look="primary" busy={saved.isPending} onClick={() => saved.mutate()}>
            I saved it
          </Button>
        </>
      }
    >
      <CodeView name="steward-backup.key" text={shown.key} />
    </Dialog>
  );
}
