import { expect, test } from "vitest";
import { type Status, some, troubles } from "./data";

const fine: Status = { version: "1", uptime_seconds: 1, degraded: { disk_full: false, replay: false } };

test("where nothing is wrong nothing is said", () => {
  expect(troubles(fine)).toEqual([]);
});

test("the worst is said first, a reason that is new by its name", () => {
  const t = troubles({ ...fine, set_aside: 2, degraded: { replay: true, disk_full: true, other: true } });
  expect(t.map((x) => x.bad)).toEqual([true, true, false, false]);
  expect(t.map((x) => x.what)).toContain("other");
});

test("drops are said with their reasons", () => {
  const sink = {
    name: "store",
    requests: 1,
    bytes: 1,
    lag_bytes: 0,
    dropped_records: 7,
    dropped: { no_room: 5, malformed: 2, spill: 0 },
    rejected_records: 0,
    malformed_requests: 0,
    failures: 0,
    spill_bytes: 0,
    spill_limit_bytes: 0,
    spill_records: 0,
  };
  expect(troubles({ ...fine, sinks: [sink] })[0]!.what).toBe("store gave up 7 records: 5 no room, 2 malformed.");
  expect(some(sink.dropped)).toEqual([
    ["no_room", 5],
    ["malformed", 2],
  ]);
});
