import { type ReactNode, useEffect, useState } from "react";
import { createPortal } from "react-dom";

/** PageTitle puts the page's name into the header and the browser's tab. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  const [at, setAt] = useState<Element | null>(null);
  useEffect(() => {
    setAt(document.getElementById("page-title"));
    document.title = `${title} · ttlog`;
  }, [title]);
  return at && createPortal(children ?? <h1 className="page-h1 ellipsis">{title}</h1>, at);
}
