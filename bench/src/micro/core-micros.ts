import { encodeCommand } from "@flotilla/kv";
import { Cores } from "./cores.ts";
import type { Micro } from "./measure.ts";
import { setCommand } from "./sample-data.ts";

const rounds = 20;

function coreStep(batch: number): Micro {
  return {
    name: `core step, ${batch} a proposal`,
    of: "entry through three cores",
    prepare: () => {
      const cores = new Cores();
      const payloads = Array.from({ length: batch }, (_, k) => encodeCommand(setCommand(k + 1)));
      return {
        operations: batch * rounds,
        run: () => {
          for (let k = 0; k < rounds; k += 1) cores.replicate(payloads);
        },
      };
    },
  };
}

/** Consensus alone: no disk, no network, no state machine. */
export const coreMicros: readonly Micro[] = [1, 16, 64].map(coreStep);
