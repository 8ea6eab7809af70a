import { Button } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Spark } from "../../ui/charts/Spark";
import { usePalette } from "../../ui/colors";
import { count, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { ErrorPanel, Nothing } from "../../ui/states";
import { Lines } from "./Lines";
import classes from "./Logs.module.css";
import { useTail } from "./tail";

interface Props {
  where: string;
  raw: boolean;
  open: string;
  onOpen: (line: string) => void;
}

/** Live shows lines as they arrive, the newest first. To look at one pauses it. */
export function Live({ where, raw, open, onOpen }: Props) {
  const [paused, setPaused] = useState(false);
  const palette = usePalette();
  const tail = useTail(where, paused);
  useKeys([{ keys: " ", label: "Pause, and go on", run: () => setPaused(!paused), group: "Live" }]);
  useEffect(() => {
    if (open !== "") setPaused(true);
  }, [open]);
  const now = Math.max(...tail.perSecond.slice(-3, -1));
  return (
    <section className={`panel ${classes.list}`} aria-label="Live">
      <div className="panel-head">
        <i className={classes.pulse} data-on={(tail.connected && !paused) || undefined} aria-hidden />
        <span>{tail.error ? "Not connected" : paused ? "Paused" : tail.connected ? "Live" : "Connecting"}</span>
        <Spark values={tail.perSecond} color={palette.accent} width={120} />
        <span className="dim">
          {count(now)}/s · {whole(tail.received)} lines
          {tail.dropped > 0 && ` · ${whole(tail.dropped)} requests left out, this page was too slow`}
          {tail.warnings.map((w) => ` · ${w}`)}
        </span>
        <span className="grow" />
        {paused && tail.waiting > 0 && <span className="dim">{count(tail.waiting)} new</span>}
        <Button
          size="compact-xs"
          onClick={() => setPaused(!paused)}
          leftSection={paused ? <IconPlayerPlay size={13} /> : <IconPlayerPause size={13} />}
        >
          {paused ? "Go on" : "Pause"}
        </Button>
        <Button size="compact-xs" onClick={tail.clear} leftSection={<IconTrash size={13} />}>
          Clear
        </Button>
      </div>
      {tail.error && <ErrorPanel error={tail.error} />}
      {tail.rows.length > 0 ? (
        <Lines rows={tail.rows} columns={[]} raw={raw} open={open} onOpen={onOpen} onAway={() => setPaused(true)} />
      ) : (
        !tail.error && (
          <Nothing title="Waiting for the next line">
            <p className="dim">
              {where ? "None that meets the filters has arrived so far." : "None has arrived so far."}
            </p>
          </Nothing>
        )
      )}
    </section>
  );
}
