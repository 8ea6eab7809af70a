import "@mantine/core/styles.layer.css";
import "./ui/fonts.css";
import "./ui/theme.css";

import { createRoot } from "react-dom/client";
import { App } from "./app";

createRoot(document.getElementById("root")!).render(<App />);
