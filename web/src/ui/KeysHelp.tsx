import { Modal } from "@mantine/core";
import classes from "./KeysHelp.module.css";
import { boundKeys } from "./keys";

const show = (key: string): string =>
  key
    .replace(/^ $/, "space")
    .replace("ctrl+", "ctrl ")
    .replace("backspace", "⌫")
    .replace("enter", "↵")
    .replace("escape", "esc")
    .replace("arrowup", "↑")
    .replace("arrowdown", "↓")
    .replace("arrowleft", "←")
    .replace("arrowright", "→");

/** KeysHelp lists what keys do on the present page. */
export function KeysHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const groups = new Map<string, { keys: string; label: string }[]>();
  if (opened) {
    for (const k of boundKeys()) {
      const group = k.group ?? "Everywhere";
      groups.set(group, [...(groups.get(group) ?? []), k]);
    }
  }
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <div className={classes.groups}>
        {[...groups].map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map((k) => (
                <div key={k.keys + k.label}>
                  <dt>
                    {show(k.keys)
                      .split(" ")
                      .map((part) => (
                        <kbd key={part}>{part}</kbd>
                      ))}
                  </dt>
                  <dd>{k.label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
