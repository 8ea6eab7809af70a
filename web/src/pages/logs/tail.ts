import { startTransition, useCallback, useEffect, useRef, useState } from "react";
import { send } from "../../api/client";
import { type LogRow, rowOf } from "./data";

/** What is kept of a live tail: the newest lines. */
const kept = 5_000;
const seconds = 90;

export interface Tail {
  /** The newest first. */
  rows: LogRow[];
  /** Lines that arrived, and requests that the server let out because we were slow. */
  received: number;
  dropped: number;
  /** Lines that arrived while it was paused. */
  waiting: number;
  /** Lines in each of the last seconds, the newest last. */
  perSecond: number[];
  warnings: string[];
  connected: boolean;
  error?: Error;
  clear: () => void;
}

interface Event {
  name: string;
  data: string;
}

/** events reads server-sent events from an answer. fetch, unlike EventSource, tells why a call failed. */
async function* events(res: Response): AsyncGenerator<Event[]> {
  const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop()!;
    const out: Event[] = [];
    for (const block of blocks) {
      let [name, data] = ["message", ""];
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (data !== "") out.push({ name, data });
    }
    yield out;
  }
}

/**
 * useTail follows log records as they arrive. What arrives is put aside, and the
 * page hears of it four times a second: thousands of lines cost it no more than one.
 */
export function useTail(where: string, paused: boolean): Tail {
  const box = useRef(fresh());
  const [shown, setShown] = useState<Omit<Tail, "clear">>(() => view(box.current, []));
  const isPaused = useRef(paused);
  isPaused.current = paused;

  useEffect(() => {
    const stop = new AbortController();
    box.current = fresh();
    let version = -1;
    let rows: LogRow[] = [];
    const show = () => {
      const b = box.current;
      tick(b);
      if (!isPaused.current && b.version !== version) {
        version = b.version;
        b.waiting = 0;
        rows = newest(b);
      }
      // It is drawn in pieces: a task as long as all rows would hold up the keyboard.
      startTransition(() => setShown(view(b, rows)));
    };
    const timer = setInterval(show, 250);
    void follow(where, box, stop.signal);
    show();
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [where]);

  const clear = useCallback(() => {
    const b = box.current;
    b.lines = [];
    b.version++;
  }, []);
  return { ...shown, clear };
}

interface Box {
  /** Lines as they came, at most twice what is kept. */
  lines: LogRow[];
  version: number;
  received: number;
  dropped: number;
  waiting: number;
  counts: number[];
  second: number;
  warnings: string[];
  connected: boolean;
  error?: Error;
}

const fresh = (): Box => ({
  lines: [],
  version: 0,
  received: 0,
  dropped: 0,
  waiting: 0,
  counts: Array(seconds).fill(0),
  second: Math.floor(Date.now() / 1e3),
  warnings: [],
  connected: false,
});

const view = (b: Box, rows: LogRow[]): Omit<Tail, "clear"> => ({
  rows,
  received: b.received,
  dropped: b.dropped,
  waiting: b.waiting,
  perSecond: [...b.counts],
  warnings: b.warnings,
  connected: b.connected,
  error: b.error,
});

const newest = (b: Box): LogRow[] => b.lines.slice(-kept).reverse();

/** tick moves the counts on to the present second. */
function tick(b: Box) {
  const now = Math.floor(Date.now() / 1e3);
  for (; b.second < now; b.second++) {
    b.counts.shift();
    b.counts.push(0);
  }
}

async function follow(where: string, box: { current: Box }, signal: AbortSignal) {
  const path = `tail?${new URLSearchParams({ signal: "logs", ...(where ? { where } : {}) })}`;
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 5_000)) {
    const b = box.current;
    try {
      const res = await send(path, { signal }, where || "GET tail");
      b.connected = true;
      b.error = undefined;
      wait = 500;
      for await (const batch of events(res)) {
        for (const e of batch) take(b, e);
        if (b.lines.length > 2 * kept) b.lines.splice(0, b.lines.length - kept);
      }
    } catch (err) {
      if (signal.aborted) return;
      b.error = err instanceof Error ? err : new Error(String(err));
      // A faulty condition stays one; a server that is away comes back.
      if ((err as { status?: number }).status === 400) return;
    }
    b.connected = false;
    await new Promise((done) => setTimeout(done, wait));
  }
}

function take(b: Box, e: Event) {
  if (e.name === "row") {
    b.lines.push(rowOf(JSON.parse(e.data) as LogRow, []));
    b.received++;
    b.waiting++;
    b.version++;
    tick(b);
    b.counts[seconds - 1]!++;
  } else if (e.name === "dropped") {
    b.dropped += Number(e.data);
  } else if (e.name === "warning") {
    const { message } = JSON.parse(e.data) as { message: string };
    b.warnings = [...b.warnings, message];
  } else if (e.name === "error") {
    const { detail, title } = JSON.parse(e.data) as { detail?: string; title?: string };
    b.error = new Error(detail ?? title ?? e.data);
  }
}
