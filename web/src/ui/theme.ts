import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** nonce allows the style elements that libraries make; the server writes it into the page. */
export const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
// react-remove-scroll, below Mantine's modals, looks for it here.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce;

const sea: MantineColorsTuple = [
  "#e3faf5",
  "#c8f0e8",
  "#97e1d2",
  "#66d0bc",
  "#4cc2ae",
  "#2aa893",
  "#178a78",
  "#0b7566",
  "#075f53",
  "#034a41",
];

// Cooler than Mantine's dark, and with more steps between what lies on what.
const dark: MantineColorsTuple = [
  "#dfe5ec",
  "#b9c3ce",
  "#94a1af",
  "#6b7988",
  "#3a4552",
  "#2a333e",
  "#1b222b",
  "#141920",
  "#0f1318",
  "#0a0d11",
];

export const theme = createTheme({
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  colors: { sea, dark },
  defaultRadius: 5,
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  spacing: { xs: "0.5rem", sm: "0.75rem", md: "1rem", lg: "1.25rem", xl: "2rem" },
  components: {
    Button: { defaultProps: { size: "xs", variant: "default" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    TextInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", allowDeselect: false, checkIconPosition: "right" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: "xs", py: 4, px: 8 } },
    Menu: { defaultProps: { shadow: "md", position: "bottom-end" } },
    Tabs: { defaultProps: { keepMounted: false } },
  },
});
