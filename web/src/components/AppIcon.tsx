import { useState } from "react";
import { cx } from "@/ui/cx";

const SIZES = { 24: "size-6 text-meta", 32: "size-8 text-table", 40: "size-10 text-lead", 48: "size-12 text-h2" };

/** An application's picture; its first letter when there is none. */
export function AppIcon({ icon, title, size = 40 }: { icon: string | null; title: string; size?: keyof typeof SIZES }) {
  const [broken, setBroken] = useState(false);
  const box = cx("grid shrink-0 place-items-center rounded-control", SIZES[size]);
  if (icon && !broken) {
    return (
      <img
        src={icon}
        alt=""
        width={size}
        height={size}
        loading="lazy"
        onError={() => setBroken(true)}
        className={cx(box, "object-contain")}
      />
    );
  }
  return (
    <span aria-hidden className={cx(box, "bg-hover font-semibold text-muted uppercase")}>
      {title.charAt(0)}
    </span>
  );
}
