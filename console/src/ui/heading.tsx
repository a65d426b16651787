// The heading of a page.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** The page's main heading. It sets the document's title and takes the focus when the page changes, unless something else does. */
export function Heading({ children, title, focus = true }: { children: ComponentChildren; title: string; focus?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Portcullis`;
  }, [title]);
  useEffect(() => {
    if (focus) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
