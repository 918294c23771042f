import { Check, Copy as CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { Button, IconButton } from "./Button";

function useCopied(): [boolean, (text: string) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, (text) => void copyText(text).then(setCopied)];
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, copy] = useCopied();
  const Icon = copied ? Check : CopyIcon;
  return (
    <Button size="small" look="ghost" icon={<Icon aria-hidden size={16} />} onClick={() => copy(text)}>
      <span aria-live="polite">{copied ? "Copied" : label}</span>
    </Button>
  );
}

export function CopyIconButton({ text, label }: { text: string; label: string }) {
  const [copied, copy] = useCopied();
  const Icon = copied ? Check : CopyIcon;
  return (
    <IconButton label={copied ? "Copied" : label} icon={<Icon aria-hidden size={16} />} onClick={() => copy(text)} />
  );
}

/** One line that is meant to be taken along: a command, a token. */
export function CopyLine({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <div className="flex items-center gap-1 rounded-control border border-border bg-canvas pl-3">
      <code className="min-w-0 flex-1 py-1.5">{text}</code>
      <CopyIconButton text={text} label={label} />
    </div>
  );
}
