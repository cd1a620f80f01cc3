import { FlotillaError } from "@flotilla/runtime";
import { parseDuration } from "../config/duration.ts";
import type { FaultKind } from "./faults.ts";
import { faultKinds } from "./faults.ts";

/** As given on the command line. */
export interface DemoFlags {
  readonly docs?: string;
  readonly data?: string;
  readonly headless?: true;
  readonly for?: string;
  readonly faults?: string;
  readonly seed?: string;
  readonly json?: true;
}

/** What a run of the demo does. */
export interface DemoOptions {
  /** Null: the project's own files. */
  readonly docs: string | null;
  /** Kept; null: a temporary folder. */
  readonly data: string | null;
  /** `screen`: live view with keys. `lines`: one line an event. `json`: one JSON object an event. */
  readonly output: "screen" | "lines" | "json";
  /** Null: until stopped. Each fault is done at least once, even if that takes longer. */
  readonly forMs: number | null;
  readonly faults: readonly FaultKind[];
  readonly seed: number;
}

const headlessForMs = 40_000;
const headlessFaults: readonly FaultKind[] = ["kill-leader", "pause-leader", "kill-worker"];
const maxSeed = 2 ** 32;

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_BAD_CONFIG` */
export function loadDemoOptions(flags: DemoFlags, terminal: boolean, randomSeed: number): DemoOptions {
  const headless = flags.headless ?? false;
  return {
    docs: flags.docs ?? null,
    data: flags.data ?? null,
    output: flags.json ? "json" : headless || !terminal ? "lines" : "screen",
    forMs: flags.for === undefined ? (headless ? headlessForMs : null) : parseDuration(flags.for, "--for"),
    faults: flags.faults === undefined ? (headless ? headlessFaults : []) : readFaults(flags.faults),
    seed: flags.seed === undefined ? randomSeed : readSeed(flags.seed),
  };
}

function readFaults(text: string): FaultKind[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.map((name) => {
    const kind = faultKinds.find((each) => each === name);
    if (kind === undefined)
      throw bad(`--faults: no fault ${JSON.stringify(name)}; there are ${faultKinds.join(", ")}`);
    return kind;
  });
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < maxSeed) return seed;
  throw bad(`--seed: expected a whole number below ${maxSeed}`);
}

function bad(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}
