import type { Chooser } from "./chooser.ts";

/** Keys that are remembered; the one that was used longest ago is forgotten. */
const maxKeys = 10_000;

/** The same one for the same key for as long as it can be picked; then, and at first, whoever `first` picks. */
export function sticky(first: Chooser): Chooser {
  const chosen = new Map<string, string>();
  return (candidates, key, isRetry = false) => {
    const known = chosen.get(key);
    const next = candidates.find(({ instance }) => instance.id === known) ?? first(candidates, key, isRetry);
    if (isRetry) return next;
    chosen.delete(key);
    chosen.set(key, next.instance.id);
    const [oldest] = chosen.keys();
    if (chosen.size > maxKeys && oldest !== undefined) chosen.delete(oldest);
    return next;
  };
}
