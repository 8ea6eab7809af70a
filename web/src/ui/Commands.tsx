import "@mantine/spotlight/styles.layer.css";
import { createSpotlight, Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconClock, IconContrast, IconKeyboard, IconRefresh, IconSearch, IconStack2 } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useServiceNames } from "../api/services";
import { literal } from "../api/sql";
import { listed } from "../pages";
import { quick } from "../time/TimePicker";
import { useTime } from "../time/TimeProvider";

const [spotlightStore, spotlight] = createSpotlight();

interface Props {
  opened: boolean;
  onClose: () => void;
  onHelp: () => void;
  toggleScheme: () => void;
}

/** Commands is the palette: pages, services, ranges, and whatever one pastes. */
export default function Commands({ opened, onClose, onHelp, toggleScheme }: Props) {
  const navigate = useNavigate();
  const time = useTime();
  const services = useServiceNames();
  const [typed, setTyped] = useState("");

  useEffect(() => {
    if (opened) spotlight.open();
  }, [opened]);

  const go = (to: string, search?: Record<string, string>) => () =>
    void navigate({ to, search: search && ((old: object) => ({ ...old, ...search })) });
  const icon = { size: 16, stroke: 1.6 };
  const id = typed.trim().toLowerCase();
  const pasted: SpotlightActionData[] = [];
  if (/^[0-9a-f]{32}$/.test(id)) {
    pasted.push({
      id: "trace",
      label: `Open trace ${id}`,
      leftSection: <IconSearch {...icon} />,
      onClick: go(`/trace/${id}`),
    });
  } else if (/^[0-9a-f]{16}$/.test(id)) {
    pasted.push({
      id: "span",
      label: `Find span ${id}`,
      leftSection: <IconSearch {...icon} />,
      onClick: go("/traces", { scope: "all", f: `span_id = ${literal(id)}` }),
    });
  } else if (id !== "") {
    pasted.push({
      id: "name",
      label: `Spans whose name has “${typed.trim()}”`,
      leftSection: <IconSearch {...icon} />,
      onClick: go("/traces", { scope: "all", f: `contains(lower(name), ${literal(id)})` }),
    });
  }
  const actions: SpotlightActionData[] = [
    ...listed.map((p) => {
      const Icon = p.icon!;
      return { id: p.path, label: p.label, leftSection: <Icon {...icon} />, onClick: go(p.path) };
    }),
    ...(services.data ?? []).slice(0, 500).map((s) => ({
      id: `service ${s.name}`,
      label: s.name,
      description: "Service",
      leftSection: <IconStack2 {...icon} />,
      onClick: go(`/services/${encodeURIComponent(s.name)}`),
    })),
    ...quick.map(([label, from]) => ({
      id: from,
      label,
      description: "Time range",
      leftSection: <IconClock {...icon} />,
      onClick: () => time.setSpec({ from, to: "now" }),
    })),
    { id: "refresh", label: "Refresh", leftSection: <IconRefresh {...icon} />, onClick: time.refresh },
    { id: "scheme", label: "Dark or light", leftSection: <IconContrast {...icon} />, onClick: toggleScheme },
    { id: "keys", label: "Keyboard", leftSection: <IconKeyboard {...icon} />, onClick: onHelp },
  ];
  const matching = actions.filter((a) => `${a.label} ${a.description ?? ""}`.toLowerCase().includes(id));
  return (
    <Spotlight
      store={spotlightStore}
      actions={[...matching.slice(0, 12), ...pasted]}
      filter={(_, all) => all}
      query={typed}
      onQueryChange={setTyped}
      onSpotlightClose={onClose}
      nothingFound="Nothing of that name"
      shortcut={null}
      searchProps={{
        placeholder: "Page, service, range, trace id…",
        "aria-label": "Command",
        leftSection: <IconSearch {...icon} />,
      }}
      scrollable
      maxHeight={420}
    />
  );
}
