import { dialHandshake } from "@flotilla/runtime";
import type { Channel, Host } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import type { Configuration, Member } from "../../src/core/config/configuration.ts";
import { Peers } from "../../src/transport/peers.ts";
import { linkProtocols, writeIdentity } from "../../src/transport/peer-identity.ts";
import type { LinkKind } from "../../src/transport/peer-identity.ts";
import { peerMaxFrameBytes } from "../../src/transport/message-codec.ts";

export const electionTimeoutMs = 1000;
const history = "9".repeat(32);

/** A member's data, by a digit. */
function dataOf(digit: string): string {
  return digit.repeat(32);
}

export function member(id: string, address: string = `${id}:1`, data: string = "1"): Member {
  return { id, address, incarnation: dataOf(data) };
}

/** What a side knows: all of them voters, but for the learners named. */
export function knownTo(
  index: number,
  members: readonly Member[],
  learners: readonly string[] = [],
): Configuration {
  return {
    index,
    historyId: members.length === 0 ? "" : history,
    voters: members.filter(({ id }) => !learners.includes(id)),
    outgoing: [],
    learners: members.filter(({ id }) => learners.includes(id)).map((one) => ({ ...one, promote: false })),
    leaseReads: false,
  };
}

/** The links of one process, and what it heard. */
export interface Side {
  readonly peers: Peers;
  readonly lines: string[];
}

export interface SideOptions {
  /** The process runs on this machine. Default: one named like the member. */
  readonly on?: string;
  readonly port?: number;
  readonly data?: string;
}

/** Links alone, on simulated machines. */
export class LinkWorld {
  readonly kernel: Kernel;
  readonly #hosts: Record<string, Host> = {};

  constructor(seed: number) {
    this.kernel = new Kernel({ seed });
  }

  /** Starts a process: it listens and dials. */
  async start(id: string, known: Configuration, options: SideOptions = {}): Promise<Side> {
    const { on = id, port = 1, data = "1" } = options;
    const host = this.kernel.node(on).start();
    const lines: string[] = [];
    const peers = new Peers({
      host,
      id,
      incarnation: dataOf(data),
      cluster: "test",
      electionTimeoutMs,
      known: { current: known, committed: known, historyId: known.historyId },
      events: {
        up: (peer, incarnation) => lines.push(`up ${peer} with ${incarnation[0]}`),
        down: (peer, byPeer) => lines.push(`down ${peer} ${byPeer ? "by peer" : "by us"}`),
        receive: (from, _, message) => lines.push(`${message.type} from ${from}`),
        removed: (version) => lines.push(`removed after ${version}`),
        doubled: (peer) => lines.push(`doubled by ${peer}`),
        refused: (peer, reason) => lines.push(`refused ${peer}: ${reason}`),
      },
    });
    const listening = host.network.listen(
      {
        address: `${on}:${port}`,
        protocols: Object.values(linkProtocols),
        maxFrameBytes: peerMaxFrameBytes,
      },
      (channel) => peers.accept(channel),
    );
    await this.kernel.until(listening);
    peers.start();
    const lookAfter = (): void => {
      peers.maintain(host.clock.now());
      host.clock.setTimer(electionTimeoutMs / 10, lookAfter);
    };
    lookAfter();
    return { peers, lines };
  }

  /** One link by hand, proved to be that member's. */
  async dialBy(id: string, to: string, kind: LinkKind, attempt: number): Promise<Channel> {
    const machine = this.kernel.node(id);
    const { network, clock, random } = (this.#hosts[id] ??= machine.start());
    const dialing = async (): Promise<Channel> => {
      const channel = await network.dial(`${to}:1`, {
        protocol: linkProtocols[kind],
        maxFrameBytes: peerMaxFrameBytes,
      });
      const incarnation = dataOf("1");
      const identity = { id, incarnation, historyId: history, version: 1, kind, life: 1, attempt, level: 1 };
      await dialHandshake(channel, {
        clock,
        random,
        cluster: "test",
        versions: { min: 1, max: 1 },
        identity: writeIdentity(identity),
        onReady: () => ({ message: () => {}, end: () => {} }),
      });
      return channel;
    };
    return this.kernel.until(dialing());
  }

  async pass(ms: number): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms });
  }

  /** Lets time pass until it holds, at most so long. */
  async until(condition: () => boolean, ms: number = 20_000): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms, until: condition });
    if (!condition()) throw new Error(`not within ${ms} ms`);
  }

  /** Until both sides have links to each other. */
  async untilUp(a: Side, aId: string, b: Side, bId: string): Promise<void> {
    await this.until(() => a.peers.isUp(bId) && b.peers.isUp(aId));
  }
}

/** A side learns of another configuration, which is committed. */
export function learn({ peers }: Side, known: Configuration): void {
  peers.configure({ current: known, committed: known, historyId: known.historyId });
}

/** Sends in both directions on both links; both sides must hear all of it. */
export async function talk(world: LinkWorld, a: Side, aId: string, b: Side, bId: string): Promise<void> {
  for (const [side, to] of [
    [a, bId],
    [b, aId],
  ] as const) {
    side.lines.length = 0;
    const sent =
      side.peers.send(to, { type: "heartbeat", term: 1, commit: 0, round: 1 }) &&
      side.peers.send(to, { type: "append", term: 1, prev: { index: 0, term: 0 }, commit: 0, entries: [] });
    if (!sent) throw new Error(`nothing can be sent to ${to}`);
    side.peers.flush();
  }
  await world.pass(50);
}
