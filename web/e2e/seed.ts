// Telemetry of the tests' own: a small shop, and what nobody should send.

export const T0 = Date.UTC(2026, 4, 1, 12, 0, 0);
/** The range that has it all, as parameters of a page. */
export const range = `from=${new Date(T0 - 6e4).toISOString()}&to=${new Date(T0 + 6e5).toISOString()}`;

type Attrs = Record<string, string | number | boolean>;

const attributes = (a: Attrs) =>
  Object.entries(a).map(([key, v]) => ({
    key,
    value: typeof v === "string" ? { stringValue: v } : typeof v === "boolean" ? { boolValue: v } : { intValue: v },
  }));

export interface SeedSpan {
  service: string;
  name: string;
  trace: string;
  id: string;
  parent?: string;
  /** Milliseconds after T0, and how long; end 0 is never. */
  at: number;
  took: number;
  kind?: number;
  error?: string;
  attrs?: Attrs;
  events?: { name: string; at: number; attrs: Attrs }[];
  links?: { trace: string; id: string }[];
}

const ns = (ms: number) => `${Math.round((T0 + ms) * 1e3)}000`;

export function otlpTraces(spans: SeedSpan[]) {
  const services = new Map<string, SeedSpan[]>();
  for (const s of spans) services.set(s.service, [...(services.get(s.service) ?? []), s]);
  return {
    resourceSpans: [...services].map(([service, list]) => ({
      resource: { attributes: attributes({ "service.name": service, "service.version": "1.4.2" }) },
      scopeSpans: [
        {
          scope: { name: "seed" },
          spans: list.map((s) => ({
            traceId: s.trace,
            spanId: s.id,
            parentSpanId: s.parent,
            name: s.name,
            kind: s.kind ?? 1,
            startTimeUnixNano: ns(s.at),
            endTimeUnixNano: s.took < 0 ? "0" : ns(s.at + s.took),
            attributes: attributes(s.attrs ?? {}),
            status: s.error ? { code: 2, message: s.error } : {},
            events: (s.events ?? []).map((e) => ({
              name: e.name,
              timeUnixNano: ns(e.at),
              attributes: attributes(e.attrs),
            })),
            links: (s.links ?? []).map((l) => ({ traceId: l.trace, spanId: l.id })),
          })),
        },
      ],
    })),
  };
}

export const trace = (n: number) => n.toString(16).padStart(32, "0");
export const span = (n: number) => n.toString(16).padStart(16, "0");

/** The traces that pages are opened with. */
export const ids = { good: trace(0xa0), other: trace(0xa1), broken: trace(0xb0), hostile: trace(0xc0) };

function shop(id: string, base: number, at: number, slow: number): SeedSpan[] {
  const s = (i: number) => span(base + i);
  return [
    {
      service: "shop",
      name: "GET /cart",
      trace: id,
      id: s(1),
      at,
      took: 120 + slow,
      kind: 2,
      attrs: { "http.request.method": "GET", "http.route": "/cart", "http.response.status_code": 200 },
    },
    { service: "shop", name: "load cart", trace: id, id: s(2), parent: s(1), at: at + 5, took: 80 + slow },
    {
      service: "cart",
      name: "CartService/Get",
      trace: id,
      id: s(3),
      parent: s(2),
      at: at + 10,
      took: 60 + slow,
      kind: 2,
      attrs: { "rpc.system": "grpc" },
    },
    {
      service: "cart",
      name: "SELECT items",
      trace: id,
      id: s(4),
      parent: s(3),
      at: at + 20,
      took: 30 + slow,
      kind: 3,
      attrs: { "db.system.name": "postgresql", "db.query.text": "SELECT * FROM items WHERE cart = $1" },
      error: slow > 50 ? "deadlock detected" : undefined,
      events:
        slow > 50
          ? [
              {
                name: "exception",
                at: at + 45,
                attrs: {
                  "exception.type": "pgconn.PgError",
                  "exception.message": "deadlock detected",
                  "exception.stacktrace": "main.load\n\t/src/cart.go:42",
                },
              },
            ]
          : [],
    },
    {
      service: "shop",
      name: "render",
      trace: id,
      id: s(5),
      parent: s(1),
      at: at + 90 + slow,
      took: 25,
      links: [{ trace: ids.other, id: span(0x2001) }],
    },
  ];
}

export const broken: SeedSpan[] = [
  { service: "shop", name: "orphan", trace: ids.broken, id: span(0x3001), parent: span(0x9999), at: 1000, took: 50 },
  { service: "shop", name: "circle a", trace: ids.broken, id: span(0x3002), parent: span(0x3003), at: 1010, took: 50 },
  { service: "shop", name: "circle b", trace: ids.broken, id: span(0x3003), parent: span(0x3002), at: 1020, took: 50 },
  { service: "shop", name: "never ended", trace: ids.broken, id: span(0x3004), at: 1030, took: -1 },
  {
    service: "cart",
    name: "before its parent",
    trace: ids.broken,
    id: span(0x3005),
    parent: span(0x3001),
    at: 900,
    took: 20,
  },
];

const huge = "x".repeat(1 << 20);

export const hostile: SeedSpan[] = [
  {
    service: "<script>alert(1)</script>",
    name: "<img src=x onerror=alert(2)>",
    trace: ids.hostile,
    id: span(0x4001),
    at: 2000,
    took: 90,
    kind: 2,
    attrs: { "<b>key</b>": "'; DROP TABLE spans; --", huge },
  },
  {
    service: "<script>alert(1)</script>",
    name: "شراء عربة \u202Eevil",
    trace: ids.hostile,
    id: span(0x4002),
    parent: span(0x4001),
    at: 2010,
    took: 20,
    attrs: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key.${i}`, i])),
  },
  { service: "", name: "", trace: ids.hostile, id: span(0x4003), parent: span(0x4001), at: 2030, took: 0 },
  {
    service: "quote'\"\\s",
    name: "a'b\"c",
    trace: ids.hostile,
    id: span(0x4004),
    parent: span(0x4001),
    at: 2040,
    took: 10,
    attrs: { "it's": "a 'quoted' one", select: "reserved" },
  },
];

export async function send(otlp: string, signal: "traces" | "logs", doc: unknown) {
  const res = await fetch(`${otlp}/v1/${signal}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(doc),
  });
  const text = await res.text();
  if (!res.ok || text.includes("rejected")) throw new Error(`seed: ${res.status} ${text}`);
}

export async function seed(otlp: string) {
  const spans = [...shop(ids.good, 0x1000, 0, 0), ...shop(ids.other, 0x2000, 3000, 100)];
  for (let i = 0; i < 60; i++) spans.push(...shop(trace(0x1000 + i), 0x10000 + i * 16, 5000 + i * 4000, (i * 37) % 83));
  await send(otlp, "traces", otlpTraces([...spans, ...broken, ...hostile]));
  await send(otlp, "logs", {
    resourceLogs: [
      {
        resource: { attributes: attributes({ "service.name": "cart" }) },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: ns(12),
                severityNumber: 9,
                severityText: "INFO",
                body: { stringValue: "cart 17 is loaded" },
                traceId: ids.good,
                spanId: span(0x1003),
              },
              {
                timeUnixNano: ns(3042),
                severityNumber: 17,
                severityText: "ERROR",
                body: { stringValue: "cart 18: deadlock detected" },
                traceId: ids.other,
                spanId: span(0x2004),
              },
            ],
          },
        ],
      },
    ],
  });
}
