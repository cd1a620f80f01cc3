import type { ChannelSide } from "./channel.ts";
import type { Life } from "./life.ts";
import type { Latency, LinkDefaults, MessageFaults } from "./link.ts";
import { noMessageFaults, SimLink } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Scheduler } from "./scheduler.ts";

/** One `send`, seen at the very moment it was called. */
export interface SentFrame {
  readonly from: string;
  readonly to: string;
  /** `datagram` for datagrams. */
  readonly protocol: string;
  readonly frame: Uint8Array;
}

/** Every machine, every link between them, and their faults. */
export class SimNetwork {
  readonly scheduler: Scheduler;
  readonly #defaults: LinkDefaults = {
    latency: { minMs: 0.15, meanMs: 0.5 },
    bytesPerMs: 125_000,
    peerFaults: noMessageFaults,
    datagramFaults: noMessageFaults,
  };
  readonly #machines = new Map<string, Machine>();
  readonly #links = new Map<string, SimLink>();
  readonly #aliases = new Map<string, string>();
  readonly #connections = new Set<readonly [ChannelSide, ChannelSide]>();
  readonly #observers = new Set<(sent: SentFrame) => void>();

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  /** The way from one machine to another, made at first use. */
  link(from: string, to: string): SimLink {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new SimLink(this.scheduler, this.#defaults, from, to);
      if (from === to) link.latency = { minMs: 0.02, meanMs: 0.03 };
      this.#links.set(key, link);
    }
    return link;
  }

  /** Latency of every link that has none of its own. Default 0.15 ms at least, 0.5 ms on average. */
  setLatency(latency: Latency): void {
    this.#defaults.latency = latency;
  }

  /** Throughput of every link that has none of its own, bytes per ms. Default 125,000. */
  setThroughput(bytesPerMs: number): void {
    this.#defaults.bytesPerMs = bytesPerMs;
  }

  /** Faults of single messages on `flotilla-peer` channels, behind the first four of each side. Default none. */
  setPeerFaults(faults: Partial<MessageFaults>): void {
    this.#defaults.peerFaults = { ...noMessageFaults, ...faults };
  }

  /** Faults of datagrams. Default none; their order is free anyway. */
  setDatagramFaults(faults: Partial<MessageFaults>): void {
    this.#defaults.datagramFaults = { ...noMessageFaults, ...faults };
  }

  /** Cuts one way. Streams stay open and go on when healed; datagrams are lost. */
  cut(from: string, to: string): void {
    this.link(from, to).cut();
  }

  /** Cuts both ways. */
  cutBoth(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  /** Heals one way. */
  heal(from: string, to: string): void {
    this.link(from, to).heal();
  }

  /** Heals both ways. */
  healBoth(a: string, b: string): void {
    this.heal(a, b);
    this.heal(b, a);
  }

  /** Cuts every link between different groups. Machines in no group keep their links. */
  partition(...groups: readonly (readonly string[])[]): void {
    for (const [index, group] of groups.entries()) {
      for (const other of groups.slice(index + 1)) {
        for (const a of group) for (const b of other) this.cutBoth(a, b);
      }
    }
  }

  /** Cuts a machine off from all others. */
  isolate(name: string): void {
    for (const other of this.#machines.keys()) if (other !== name) this.cutBoth(name, other);
  }

  /** Heals every cut, and takes back delays, throttles and message faults. Lost connections stay lost. */
  healAll(): void {
    this.#defaults.peerFaults = noMessageFaults;
    this.#defaults.datagramFaults = noMessageFaults;
    for (const link of this.#links.values()) {
      link.extraMs = 0;
      link.bytesPerMs = undefined;
      link.peerFaults = undefined;
      link.datagramFaults = undefined;
      link.heal();
    }
  }

  /** What is sent one way on the connections that exist now vanishes for ever, while both sides think them open. */
  halfOpen(from: string, to: string): void {
    for (const pair of this.#between(from, to)) {
      for (const side of pair) if (side.life.node === from) side.out.vanish();
    }
  }

  /** Breaks every connection between two machines; both sides hear `reset`, each in an event of its own. */
  reset(a: string, b: string): void {
    for (const pair of this.#between(a, b)) {
      for (const side of pair) side.out.keep(0);
      for (const side of pair) {
        const { life } = side;
        this.scheduler.schedule(this.scheduler.nowUs, "reset", life.node, side.remoteAddress, 0, () => {
          side.receiveEnd({ cause: "reset", remote: false, reason: "" });
        });
      }
    }
  }

  /** Lets a host name stand for a machine from the next dial on; without a target the name is unknown again. */
  setAlias(host: string, target?: string): void {
    if (target === undefined) this.#aliases.delete(host);
    else this.#aliases.set(host, target);
  }

  /** Sees every frame at the moment it is sent, also what is lost later. Returns how to stop. */
  onSend(observer: (sent: SentFrame) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** @internal */
  observe(sent: SentFrame): void {
    for (const observer of this.#observers) observer(sent);
  }

  /** @internal The machine a host name leads to. */
  resolve(host: string): Machine | undefined {
    return this.#machines.get(this.#aliases.get(host) ?? host);
  }

  /** @internal */
  machine(name: string): Machine {
    let machine = this.#machines.get(name);
    if (machine === undefined) {
      machine = {
        name,
        powered: true,
        listeners: new Map(),
        datagrams: new Map(),
        sides: new Set(),
        nextPort: 49_152,
      };
      this.#machines.set(name, machine);
    }
    return machine;
  }

  /** @internal Remembers a connection until both of its sides ended. */
  connected(a: ChannelSide, b: ChannelSide): void {
    this.#connections.add([a, b]);
    for (const side of [a, b]) this.machine(side.life.node).sides.add(side);
    if (this.#connections.size % 256 === 0) this.#sweep();
  }

  /**
   * @internal What the system does for a process that died: closes its sockets, which tells the
   * other sides unless the link is cut or the power is gone.
   */
  processDied(life: Life, silent: boolean): void {
    const machine = this.machine(life.node);
    for (const ports of [machine.listeners, machine.datagrams]) {
      for (const [port, open] of ports) if (open.life === life) ports.delete(port);
    }
    for (const side of machine.sides) {
      if (side.life !== life) continue;
      machine.sides.delete(side);
      this.#closeSocket(side, silent);
    }
  }

  #closeSocket(side: ChannelSide, silent: boolean): void {
    const { out } = side;
    const wasOpen = side.isOpen;
    side.abandon();
    if (silent || out.link.isCut) {
      out.keep(0);
      return;
    }
    if (!wasOpen) return;
    if (out.length > 0 && out.link.random.chance(0.5)) out.keep(out.link.random.below(out.length));
    // A system resets when the process left something unread.
    side.sendGone(out.link.random.chance(0.5) ? "reset" : "closed");
  }

  #between(a: string, b: string): (readonly [ChannelSide, ChannelSide])[] {
    this.#sweep();
    return [...this.#connections].filter(([one, other]) => {
      const ends = [one.life.node, other.life.node];
      return (ends[0] === a && ends[1] === b) || (ends[0] === b && ends[1] === a);
    });
  }

  #sweep(): void {
    for (const pair of this.#connections) {
      if (pair.some((side) => side.isOpen)) continue;
      this.#connections.delete(pair);
      for (const side of pair) this.machine(side.life.node).sides.delete(side);
    }
  }
}
