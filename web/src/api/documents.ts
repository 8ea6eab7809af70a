// What people keep: dashboards and saved queries, JSON documents in the data directory.
import { get, send } from "./client";

export type Kind = "dashboards" | "queries";

export interface Entry {
  id: string;
  title: string;
  updated: string;
}

export const list = (kind: Kind, signal?: AbortSignal) => get<Entry[]>(kind, {}, signal);

/** read returns a document with the tag of its version. */
export async function read<T>(kind: Kind, id: string, signal?: AbortSignal): Promise<{ doc: T; tag: string }> {
  const path = `${kind}/${encodeURIComponent(id)}`;
  const res = await send(path, { signal }, `GET ${path}`);
  return { doc: (await res.json()) as T, tag: res.headers.get("ETag") ?? "" };
}

/** write keeps a document: over the version of a tag, a new one with "", or over whatever is there. */
export async function write(kind: Kind, id: string, doc: object, tag?: string): Promise<void> {
  const path = `${kind}/${encodeURIComponent(id)}`;
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (tag === "") headers["If-None-Match"] = "*";
  else if (tag) headers["If-Match"] = tag;
  await send(path, { method: "PUT", headers, body: JSON.stringify(doc) }, `PUT ${path}`);
}

export async function remove(kind: Kind, id: string): Promise<void> {
  const path = `${kind}/${encodeURIComponent(id)}`;
  await send(path, { method: "DELETE" }, `DELETE ${path}`);
}

/** idOf makes an id of a title. */
export const idOf = (title: string): string =>
  title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64) || "untitled";
