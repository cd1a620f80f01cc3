import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "../corpus/peer.txt");

/** The kept frames, by the outcome each was kept for. */
export function readCorpus(): Map<string, Uint8Array> {
  const kept = new Map<string, Uint8Array>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) kept.set(line.slice(space + 1), Buffer.from(line.slice(0, space), "hex"));
  }
  return kept;
}

/** Keeps what is new. */
export function addToCorpus(found: ReadonlyMap<string, Uint8Array>): void {
  const all = new Map([...found, ...readCorpus()]);
  const lines = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(
    file,
    lines.map(([outcome, frame]) => `${Buffer.from(frame).toString("hex")} ${outcome}\n`).join(""),
  );
}
