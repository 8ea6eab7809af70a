import { get } from "../../api/client";

type Counts = Record<string, number>;

/** Status is what /api/v1/status answers with, as far as it is shown. Inside an application parts of it are missing. */
export interface Status {
  version: string;
  uptime_seconds: number;
  store?: {
    signals: Record<string, { parts: number; rows: number; bytes: number }>;
    memory_rows: number;
    memory_bytes: number;
    merge_backlog?: { parts: number; bytes: number };
    counters: Counts;
    damage?: string[];
    error?: string;
    merge_error?: string;
    last_flush?: string;
  };
  ring?: {
    file_backed: boolean;
    size: number;
    used: number;
    refused: number;
    oversize: number;
    recovered: number;
    corrupt: number;
    sync_errors: number;
  };
  sinks?: Sink[];
  disk?: {
    total: number;
    free: number;
    reserve: number;
    full: boolean;
    used: number;
    limit: number;
    ring: number;
    spill: number;
    spill_orphaned?: number;
  };
  memory?: {
    limit_bytes: number;
    pool_bytes: number;
    pool_held_bytes: number;
    consumers: Counts;
    waiting: number;
    refused_total: number;
    exceeded_total: number;
    slow_readers_cut_total: number;
  };
  tails?: { subscribers: number; dropped_requests: number };
  degraded?: Record<string, boolean>;
  set_aside?: number;
  receiver?: { endpoints: Endpoint[]; in_flight_bytes: number; repeats: Counts };
  processors?: Record<string, unknown>[];
  queries?: Record<string, { in_flight: number; seconds: number; outcomes: Counts }>;
}

export interface Sink {
  name: string;
  requests: number;
  bytes: number;
  lag_bytes: number;
  dropped_records: number;
  dropped: Counts;
  rejected_records: number;
  malformed_requests: number;
  failures: number;
  last_success?: string;
  last_error?: string;
  spill_bytes: number;
  spill_limit_bytes: number;
  spill_records: number;
}

export interface Endpoint {
  signal: string;
  transport: string;
  requests: number;
  records: number;
  bytes: number;
  mended: number;
  refused: Counts;
  rejected_records: Counts;
}

export const status = (signal?: AbortSignal) => get<Status>("status", {}, signal);

export const total = (c: Counts | undefined): number => Object.values(c ?? {}).reduce((a, b) => a + b, 0);

/** some are the counts above zero, the highest first. */
export const some = (c: Counts | undefined): [string, number][] =>
  Object.entries(c ?? {})
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a);

export interface Trouble {
  what: string;
  todo: string;
  /** It has to be looked at now. */
  bad: boolean;
}

const degraded: Record<string, Omit<Trouble, "bad">> = {
  disk_full: {
    what: "The disk is full: new telemetry is refused until there is room.",
    todo: "Free space on the disk, give ttlog a smaller --retention, or a larger --max-disk.",
  },
  store_errors: {
    what: "Parts of the store cannot be written; what arrives waits in the ring.",
    todo: "Look at the log for the reason; most often it is the disk or its permissions.",
  },
  ring_full: {
    what: "The ring is full: requests are refused until a sink takes what it holds.",
    todo: "See below which sink lags. A collector that is away is helped by a larger queue, bursts by a larger --ring-size.",
  },
  ring_sync: {
    what: "The ring cannot be synced to the disk: what is acknowledged may not survive a crash of the machine.",
    todo: "Look at the log for the reason, and at the disk itself.",
  },
  replay: {
    what: "What the last run left in the ring is still being read.",
    todo: "Wait: this ends by itself.",
  },
  merge_errors: {
    what: "Parts of the store cannot be merged: queries get slower.",
    todo: "Look at the log for the reason; most often a file is damaged or the disk is full.",
  },
  damage: {
    what: "Files of the store are damaged: answers may lack rows.",
    todo: "`ttlog check` names the files and says what they held.",
  },
};

/** troubles are what is wrong, the worst first, and what to do about each. */
export function troubles(s: Status): Trouble[] {
  const out: Trouble[] = [];
  for (const [reason, is] of Object.entries(s.degraded ?? {})) {
    if (!is) continue;
    const t = degraded[reason] ?? { what: reason, todo: "See the log." };
    const why =
      reason === "store_errors" ? s.store?.error : reason === "merge_errors" ? s.store?.merge_error : undefined;
    out.push({ ...t, what: why ? `${t.what} ${why}` : t.what, bad: reason !== "replay" });
  }
  if (s.set_aside) {
    out.push({
      what: `${s.set_aside} files could not be read and are kept under another name.`,
      todo: "`ttlog check` names them. They may be deleted once nobody needs what they held.",
      bad: false,
    });
  }
  for (const k of s.sinks ?? []) {
    const dropped = some(k.dropped);
    if (k.dropped_records > 0 || dropped.length > 0) {
      const why = dropped.map(([reason, n]) => `${n} ${reason.replaceAll("_", " ")}`).join(", ");
      out.push({
        what: `${k.name} gave up ${k.dropped_records} records${why ? `: ${why}` : ""}.`,
        todo: "A collector that refuses records says why in the log; one that was away for long needs a larger queue.",
        bad: true,
      });
    }
    if (k.rejected_records > 0) {
      out.push({
        what: `${k.name} took requests without ${k.rejected_records} of their records.`,
        todo: "The log has what it answered.",
        bad: false,
      });
    }
  }
  for (const e of s.receiver?.endpoints ?? []) {
    const rejected = some(e.rejected_records);
    if (rejected.length > 0) {
      out.push({
        what: `Records of ${e.signal} over ${e.transport} were left out: ${rejected.map(([r, n]) => `${n} ${r.replaceAll("_", " ")}`).join(", ")}.`,
        todo: "A sender is wrong: the answer to its request says at which record.",
        bad: false,
      });
    }
  }
  if (s.tails?.dropped_requests) {
    out.push({
      what: `Live tails were too slow for ${s.tails.dropped_requests} requests.`,
      todo: "A filter makes a tail smaller.",
      bad: false,
    });
  }
  return out.sort((a, b) => Number(b.bad) - Number(a.bad));
}
