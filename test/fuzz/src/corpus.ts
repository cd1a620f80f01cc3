import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./run.ts";

function fileOf(name: CorpusName): string {
  return join(import.meta.dirname, `../corpus/${name}.txt`);
}

/** Frames of peers, frames of operators, commands and snapshots. */
export type CorpusName = "peer" | "admin" | "kv-command" | "kv-snapshot";

/** Where what a target shows is kept. */
export function corpusOf(target: Target): CorpusName {
  return target === "admin" || target === "kv-command" || target === "kv-snapshot" ? target : "peer";
}

/** The kept frames, by the outcome each was kept for. */
export function readCorpus(name: CorpusName): Map<string, Uint8Array> {
  const kept = new Map<string, Uint8Array>();
  const text = existsSync(fileOf(name)) ? readFileSync(fileOf(name), "utf8") : "";
  for (const line of text.split("\n")) {
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
