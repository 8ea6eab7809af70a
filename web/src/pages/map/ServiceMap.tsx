import { Button, CloseButton, Switch } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { type Edge, graph } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { literal } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { usePalette } from "../../ui/colors";
import { count, duration, percent, rate, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, NothingInRange } from "../../ui/states";
import { useParam } from "../../ui/url";
import { curve, type GraphNode, nodeHeight, nodeWidth, type Placed, place } from "./layout";
import classes from "./ServiceMap.module.css";

/** ServiceMap is who calls whom, as the parents of spans tell. */
export default function ServiceMap() {
  const { range } = useTime();
  const [chosen, setChosen] = useParam("service");
  const [outside, setOutside] = useParam("outside", "yes");
  const q = useQuery({
    queryKey: ["graph", range],
    queryFn: ({ signal }) => graph({ range }, 500, signal),
    placeholderData: keepPreviousData,
  });
  const narrow = useMediaQuery("(max-width: 760px)", undefined, { getInitialValueInEffect: false });
  const placed = useMemo(() => {
    if (!q.data) return undefined;
    const nodes = q.data.nodes.filter((n) => outside === "yes" || n.kind === "service");
    return place(nodes, q.data.edges, narrow);
  }, [q.data, outside, narrow]);
  const seconds = (range.to - range.from) / 1e3;
  if (q.error) {
    return (
      <div className="page">
        <PageTitle title="Service map" />
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      </div>
    );
  }
  if (!q.data || !placed) {
    return (
      <>
        <PageTitle title="Service map" />
        <Loading what="Joining spans with their parents" />
      </>
    );
  }
  const node = q.data.nodes.find((n) => n.service === chosen);
  return (
    <div className={classes.page}>
      <PageTitle title="Service map" />
      <div className={classes.head}>
        <span className="dim">
          {whole(q.data.nodes.length)} nodes · {whole(q.data.edges.length)} edges
          {q.data.sampled < 1 && ` · estimated from ${percent(q.data.sampled)} of the traces`}
          {q.data.unmatched > 0 && ` · ${whole(q.data.unmatched)} spans whose parent is not stored`}
        </span>
        <span className="grow" />
        <Switch
          size="xs"
          label="Databases, queues and what is outside"
          checked={outside === "yes"}
          onChange={(e) => setOutside(e.currentTarget.checked ? undefined : "no")}
        />
      </div>
      {placed.nodes.length === 0 ? (
        <NothingInRange what="spans" table="spans" />
      ) : (
        <div className={classes.body}>
          <Drawing placed={placed} seconds={seconds} chosen={chosen} onChoose={(s) => setChosen(s)} />
          {node && (
            <Side
              node={node}
              edges={q.data.edges}
              seconds={seconds}
              close={() => setChosen(undefined)}
              onChoose={(s) => setChosen(s)}
            />
          )}
        </div>
      )}
    </div>
  );
}

interface DrawingProps {
  placed: Placed;
  seconds: number;
  chosen: string;
  onChoose: (service: string | undefined) => void;
}

function Drawing({ placed, seconds, chosen, onChoose }: DrawingProps) {
  const palette = usePalette();
  const color = useServiceColor();
  const at = useRef<SVGSVGElement>(null);
  const [view, setView] = useState({ x: 0, y: 0, scale: 1 });
  const drag = useRef<{ x: number; y: number }>(null);
  const fit = () => {
    const { clientWidth: w, clientHeight: h } = at.current!;
    const scale = Math.min(1.25, w / placed.width, h / placed.height);
    setView({ scale, x: (w - placed.width * scale) / 2, y: (h - placed.height * scale) / 2 });
  };
  useLayoutEffect(fit, [placed]);
  useLayoutEffect(() => {
    const svg = at.current!;
    const wheel = (e: WheelEvent) => {
      e.preventDefault();
      const box = svg.getBoundingClientRect();
      const [x, y] = [e.clientX - box.left, e.clientY - box.top];
      setView((v) => {
        const scale = Math.max(0.1, Math.min(3, v.scale * Math.exp(-e.deltaY * 0.0015)));
        return { scale, x: x - ((x - v.x) / v.scale) * scale, y: y - ((y - v.y) / v.scale) * scale };
      });
    };
    svg.addEventListener("wheel", wheel, { passive: false });
    return () => svg.removeEventListener("wheel", wheel);
  }, []);
  useKeys([
    { keys: "0", label: "Show the whole map", run: fit, group: "Map" },
    { keys: "escape", label: "Choose nothing", run: () => onChoose(undefined), group: "Map" },
  ]);
  const most = Math.max(...placed.edges.map((e) => e.calls), 1);
  const near = (e: Edge) => chosen === "" || e.from === chosen || e.to === chosen;
  const neighbours = new Set(placed.edges.filter((e) => chosen !== "" && near(e)).flatMap((e) => [e.from, e.to]));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no drawing
    <svg
      ref={at}
      className={classes.map}
      role="group"
      aria-label="Map of services"
      onPointerDown={(e) => {
        if ((e.target as Element).closest("[data-node]")) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        drag.current = { x: e.clientX - view.x, y: e.clientY - view.y };
      }}
      onPointerMove={(e) =>
        drag.current && setView({ ...view, x: e.clientX - drag.current.x, y: e.clientY - drag.current.y })
      }
      onPointerUp={() => {
        drag.current = null;
      }}
    >
      <g transform={`translate(${view.x},${view.y}) scale(${view.scale})`}>
        {placed.edges.map((e) => {
          const failing = e.errors / (e.calls || 1);
          const stroke = failing >= 0.01 ? palette.error : palette.lineStrong;
          const end = e.points.at(-1)!;
          const before = e.points.at(-2) ?? end;
          const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
          return (
            <g key={`${e.from} ${e.to} ${e.kind}`} opacity={near(e) ? 1 : 0.18}>
              <path
                d={curve(e.points)}
                fill="none"
                stroke={stroke}
                strokeWidth={1.2 + 3.2 * (Math.log1p(e.calls) / Math.log1p(most))}
              />
              <path d="M-8,-5L0,0L-8,5z" fill={stroke} transform={`translate(${end.x},${end.y}) rotate(${angle})`} />
              <title>
                {`${e.from} → ${e.to}: ${whole(e.calls)} calls, ${percent(failing)} errors, p50 ${duration(e.p50)}, p95 ${duration(e.p95)}, p99 ${duration(e.p99)}`}
              </title>
            </g>
          );
        })}
        {placed.edges.map((e) => {
          // Above all edges: one that passes would cross it out.
          const failing = e.errors / (e.calls || 1);
          const middle = e.points[Math.floor(e.points.length / 2)]!;
          return (
            <text
              key={`${e.from} ${e.to} ${e.kind}`}
              x={middle.x}
              y={middle.y - 7}
              className={classes.label}
              fill={palette.dim}
              opacity={near(e) ? 1 : 0.18}
            >
              {rate(e.calls / seconds)} · {duration(e.p95)}
              {failing >= 0.001 && (
                <tspan dx={5} fill={palette.error}>
                  {percent(Number(failing.toPrecision(2)))}
                </tspan>
              )}
            </text>
          );
        })}
        {placed.nodes.map((n) => {
          const failing = n.errors / (n.spans || 1);
          const dim = chosen !== "" && n.service !== chosen && !neighbours.has(n.service);
          return (
            // biome-ignore lint/a11y/useSemanticElements: SVG has no button
            <g
              key={n.service}
              data-node
              role="button"
              tabIndex={0}
              aria-pressed={n.service === chosen}
              className={classes.node}
              opacity={dim ? 0.3 : 1}
              transform={`translate(${n.x - nodeWidth / 2},${n.y - nodeHeight / 2})`}
              onClick={() => onChoose(n.service === chosen ? undefined : n.service)}
              onKeyDown={(e) => {
                if (e.key !== "Enter" && e.key !== " ") return;
                e.preventDefault();
                onChoose(n.service === chosen ? undefined : n.service);
              }}
            >
              <rect
                width={nodeWidth}
                height={nodeHeight}
                rx={n.kind === "service" ? 7 : 27}
                fill={palette.panel}
                stroke={n.service === chosen ? palette.accent : palette.lineStrong}
                strokeWidth={n.service === chosen ? 2 : 1}
              />
              {n.kind === "service" ? (
                <rect x={10} y={13} width={4} height={nodeHeight - 26} rx={2} fill={color(n.service)} />
              ) : (
                <circle cx={19} cy={nodeHeight / 2} r={5} fill="none" stroke={palette.dim} strokeWidth={2} />
              )}
              <text x={n.kind === "service" ? 23 : 32} y={23} className={classes.name} fill={palette.text}>
                {n.service.length > 20 ? `${n.service.slice(0, 19)}…` : n.service || "(no name)"}
              </text>
              <text x={n.kind === "service" ? 23 : 32} y={40} className={classes.figures} fill={palette.dim}>
                {n.kind === "service" ? `${count(n.spans)} spans` : n.kind}
                {failing >= 0.001 && (
                  <tspan dx={6} fill={palette.error}>
                    {percent(Number(failing.toPrecision(2)))}
                  </tspan>
                )}
              </text>
            </g>
          );
        })}
      </g>
    </svg>
  );
}

function Side({
  node,
  edges,
  seconds,
  close,
  onChoose,
}: {
  node: GraphNode;
  edges: Edge[];
  seconds: number;
  close: () => void;
  onChoose: (s: string) => void;
}) {
  const color = useServiceColor();
  const list = (title: string, of: Edge[], end: "from" | "to") =>
    of.length > 0 && (
      <>
        <h3>{title}</h3>
        <table className="table">
          <tbody>
            {of.map((e) => (
              <tr key={`${e[end]} ${e.kind}`}>
                <td className="ellipsis" style={{ maxWidth: 0, width: "46%" }}>
                  <button type="button" className="sort link" onClick={() => onChoose(e[end])}>
                    <i className="dot" style={{ background: color(e[end]) }} /> <bdi>{e[end]}</bdi>
                  </button>
                </td>
                <td className="num">{rate(e.calls / seconds)}</td>
                <td className={`num ${e.errors > 0 ? "error-text" : "dim"}`}>{percent(e.errors / (e.calls || 1))}</td>
                <td className="num">{duration(e.p95)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </>
    );
  return (
    <aside className={`${classes.side} scroll`} aria-label="Chosen service">
      <div className={classes.sideHead}>
        <i className="dot" style={{ background: color(node.service) }} />
        <h2>
          <bdi>{node.service || "(no name)"}</bdi>
        </h2>
        <span className="dim">{node.kind !== "service" && node.kind}</span>
        <span className="grow" />
        <CloseButton size="sm" aria-label="Choose nothing" onClick={close} />
      </div>
      {node.kind === "service" && (
        <div className={classes.actions}>
          <Button component={Link} {...({ to: "/services/$name", params: { name: node.service || "-" } } as object)}>
            The service
          </Button>
          <Button
            component={Link}
            {...({
              to: "/traces",
              search: () => ({ scope: "all", f: `service = ${literal(node.service)}` }),
            } as object)}
          >
            Its spans
          </Button>
        </div>
      )}
      {list(
        "Called by",
        edges.filter((e) => e.to === node.service && e.from !== e.to),
        "from",
      )}
      {list(
        "Calls",
        edges.filter((e) => e.from === node.service && e.from !== e.to),
        "to",
      )}
    </aside>
  );
}
