import type { TreeEvent } from "@flotilla/kv";
import type { GoldenCommand } from "../world/golden-log.ts";
import { meetingName } from "./barriers.ts";

/** Somebody who came to the barrier. */
export interface Party {
  readonly name: string;
  readonly session: string | null;
  readonly czxid: number;
  readonly mzxid: number;
}

/** Those who began together. */
export interface Round {
  readonly names: readonly string[];
  readonly epoch: number;
}

export const meetingBase: string = `/double-barrier/${meetingName}`;
const lineRoot = `${meetingBase}/line/`;

/** Who waits at the barrier and who is inside, as the log tells. */
export class RoundReplay {
  readonly parties: Map<string, Party> = new Map();
  round: Round | null = null;

  take({ events }: Pick<GoldenCommand, "events">): void {
    for (const event of events) this.#see(event);
  }

  /** Those of the round who have not left. */
  get inside(): readonly string[] {
    return (this.round?.names ?? []).filter((name) => this.parties.has(name));
  }

  /** In the order they came. */
  get waiting(): readonly Party[] {
    const inside = new Set(this.round?.names);
    const waiting = [...this.parties.values()].filter(({ name }) => !inside.has(name));
    return waiting.toSorted((a, b) => a.czxid - b.czxid);
  }

  #see({ path, node }: TreeEvent): void {
    if (path === `${meetingBase}/grant`) {
      const { names } = node === null ? { names: [] } : parsed(node.value);
      this.round = node === null ? null : { names, epoch: node.stat.mzxid };
    } else if (path.startsWith(lineRoot)) {
      const name = path.slice(lineRoot.length);
      if (node === null) this.parties.delete(name);
      else {
        const { czxid, mzxid, ephemeralOwner: session } = node.stat;
        this.parties.set(name, { name, session, czxid, mzxid });
      }
    }
  }
}

function parsed(value: Uint8Array): { readonly names: readonly string[] } {
  return JSON.parse(new TextDecoder().decode(value)) as { readonly names: readonly string[] };
}
