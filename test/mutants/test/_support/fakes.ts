import type { Finding } from "../../src/finding.ts";
import type { Killers } from "../../src/judge.ts";
import type { Mutant } from "../../src/mutant.ts";
import type { WorldChoice } from "../../src/worlds.ts";

/** A mutant that replaces one text of one file. */
export function replacing(find: string, replace: string, file = "packages/raft/src/a.ts"): Mutant {
  return { id: "T01", severity: 1, title: "a test", killer: "Nothing", edits: [{ file, find, replace }] };
}

export function checker(by: string): Finding {
  return { by, isChecker: true, message: `${by} is broken` };
}

export const crash: Finding = { by: "crash", isChecker: false, message: "it fell over" };

export interface Script {
  /** What a world of the mutant finds; nothing for seeds that are not named. */
  readonly worlds?: Readonly<Record<number, Finding>>;
  /** Seeds in which the unchanged code fails too. */
  readonly unsound?: readonly number[];
  readonly suites?: Finding;
  /** The mutant does not even load. */
  readonly broken?: Finding;
}

/** Killers that say what they are told to; each world and the suites cost a second. */
export function scripted(script: Script): { readonly killers: Killers; readonly log: string[] } {
  const log: string[] = [];
  const killers: Killers = {
    worlds: () => {
      log.push("start");
      const run = ({ seed, isLogAlone }: WorldChoice) => {
        log.push(`${isLogAlone ? "log" : "world"} ${seed}`);
        return Promise.resolve({ finding: script.worlds?.[seed] ?? null, cpuMs: 1000 });
      };
      return Promise.resolve({ broken: script.broken ?? null, run, close: () => log.push("close") });
    },
    isSound: ({ seed }) => Promise.resolve(script.unsound?.includes(seed) !== true),
    suites: (files) => {
      log.push(`suites ${files.join(" ")}`);
      return Promise.resolve({ finding: script.suites ?? null, cpuMs: 1000 });
    },
  };
  return { killers, log };
}
