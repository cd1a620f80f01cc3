import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

function fileOf(name: CorpusName): string {
  return join(import.meta.dirname, `../corpus/${name}.txt`);
}

/** Frames of peers, and frames of operators. */
export type CorpusName = "peer" | "admin";

/** The kept frames, by the outcome each was kept for. */
export function readCorpus(name: CorpusName): Map<string, Uint8Array> {
  const kept = new Map<string, Uint8Array>();
  for (const line of readFileSync(fileOf(name), "utf8").split("\n")) {
    const space = line.indexOf(" ");
    if (space >= 0) kept.set(line.slice(space + 1), Buffer.from(line.slice(0, space), "hex"));
  }
  return kept;
}

/** Keeps what is new. */
export function addToCorpus(name: CorpusName, found: ReadonlyMap<string, Uint8Array>): void {
  const all = new Map([...found, ...readCorpus(name)]);
  const lines = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(
    fileOf(name),
    lines.map(([outcome, frame]) => `${Buffer.from(frame).toString("hex")} ${outcome}\n`).join(""),
  );
}
