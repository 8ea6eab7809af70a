import { ActionIcon, Button, Menu, Popover, Select, TextInput, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowBackUp, IconChevronDown, IconClock, IconRefresh, IconZoomOut } from "@tabler/icons-react";
import { useState } from "react";
import { describe, parseTime } from "./range";
import classes from "./TimePicker.module.css";
import { intervals, useTime } from "./TimeProvider";

/** quick are the ranges to choose with a click. */
export const quick: [label: string, from: string][] = [
  ["Last 5 minutes", "now-5m"],
  ["Last 15 minutes", "now-15m"],
  ["Last hour", "now-1h"],
  ["Last 3 hours", "now-3h"],
  ["Last 12 hours", "now-12h"],
  ["Last 24 hours", "now-24h"],
  ["Last 2 days", "now-2d"],
  ["Last 7 days", "now-7d"],
  ["Last 30 days", "now-30d"],
];

export function TimePicker() {
  const time = useTime();
  const [open, setOpen] = useState(false);
  const narrow = useMediaQuery("(max-width: 760px)", undefined, { getInitialValueInEffect: false });
  const interval = Object.entries(intervals).find(([, ms]) => ms === time.every)?.[0] ?? "off";
  return (
    <div className={classes.bar}>
      <Tooltip label="Back to the range before (⌫)">
        <ActionIcon aria-label="Range before" onClick={time.back} disabled={!time.canGoBack} className={classes.wide}>
          <IconArrowBackUp size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Zoom out (-)">
        <ActionIcon aria-label="Zoom out" onClick={time.zoomOut} className={classes.wide}>
          <IconZoomOut size={16} />
        </ActionIcon>
      </Tooltip>
      <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
        <Popover.Target>
          <Button
            leftSection={<IconClock size={15} />}
            rightSection={<IconChevronDown size={13} />}
            onClick={() => setOpen(!open)}
            aria-label={`Time range: ${describe(time.spec, time.zone, narrow)}`}
          >
            {describe(time.spec, time.zone, narrow)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={0}>
          <Choice close={() => setOpen(false)} />
        </Popover.Dropdown>
      </Popover>
      <Button.Group>
        <Tooltip label="Refresh (r)">
          <Button px={8} aria-label="Refresh" onClick={time.refresh}>
            <IconRefresh size={15} />
          </Button>
        </Tooltip>
        <Menu>
          <Menu.Target>
            <Button
              px={6}
              aria-label={`Refresh by itself: ${interval}`}
              rightSection={<IconChevronDown size={13} />}
              className={classes.every}
            >
              {interval}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => time.setEvery("")}>off</Menu.Item>
            {Object.keys(intervals).map((name) => (
              <Menu.Item key={name} onClick={() => time.setEvery(name)}>
                every {name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Button.Group>
    </div>
  );
}

function Choice({ close }: { close: () => void }) {
  const time = useTime();
  const [from, setFrom] = useState(time.spec.from);
  const [to, setTo] = useState(time.spec.to);
  const now = Date.now();
  const [a, b] = [parseTime(from, now), parseTime(to, now)];
  const wrong = a !== undefined && b !== undefined && a >= b;
  return (
    <div className={classes.choice}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault();
          if (a === undefined || b === undefined || wrong) return;
          time.setSpec({ from: from.trim(), to: to.trim() });
          close();
        }}
      >
        <TextInput
          label="From"
          value={from}
          onChange={(e) => setFrom(e.currentTarget.value)}
          error={a === undefined && "now-1h, or 2026-01-31 10:00"}
          data-autofocus
        />
        <TextInput
          label="To"
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          error={b === undefined ? "now, or 2026-01-31 10:00" : wrong && "before the start"}
        />
        <p className="dim">Times without a zone are UTC.</p>
        <Button type="submit" variant="filled">
          Apply
        </Button>
        <Select
          label="Show times in"
          value={time.zoneChoice}
          onChange={(z) => time.setZone(z ?? "local")}
          searchable
          comboboxProps={{ withinPortal: false }}
          data={zones()}
          limit={60}
          mt="auto"
        />
      </form>
      <ul className={classes.quick}>
        {quick.map(([label, range]) => (
          <li key={range}>
            <button
              type="button"
              aria-current={time.spec.from === range && time.spec.to === "now"}
              onClick={() => {
                time.setSpec({ from: range, to: "now" });
                close();
              }}
            >
              {label}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const zones = () => [
  { value: "local", label: "This browser's zone" },
  { value: "UTC", label: "UTC" },
  ...Intl.supportedValuesOf("timeZone").filter((z) => z !== "UTC"),
];
