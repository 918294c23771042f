import { createLink } from "@tanstack/react-router";
import type { ComponentProps, ReactNode } from "react";
import { buttonClass, type ButtonLook, type ButtonSize } from "@/ui/button-class";
import { cx } from "@/ui/cx";

interface ButtonAnchorProps extends ComponentProps<"a"> {
  look?: ButtonLook;
  size?: ButtonSize;
  icon?: ReactNode;
}

function ButtonAnchor({ look, size, icon, children, className, ...rest }: ButtonAnchorProps) {
  return (
    <a className={cx(buttonClass(look, size), className)} {...rest}>
      {icon}
      {children}
    </a>
  );
}

/** A link to another page that looks like a button. */
export const LinkButton = createLink(ButtonAnchor);

/** A link to a file that is saved. */
export function DownloadButton(props: ButtonAnchorProps & { href: string; download: string }) {
  return <ButtonAnchor {...props} />;
}

/** A link to somewhere outside, in a new tab. */
export function OutsideButton(props: ButtonAnchorProps & { href: string }) {
  return <ButtonAnchor target="_blank" rel="noreferrer" {...props} />;
}
