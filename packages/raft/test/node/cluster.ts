import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger } from "@flotilla/runtime";
import type { Host, Listener } from "@flotilla/runtime";
import { realHost } from "@flotilla/runtime/real";
import { peerMaxFrameBytes, peerProtocols, RaftNode } from "../../src/index.ts";
import type { Founder, RaftOptions, RaftStatus } from "../../src/index.ts";
import { Counter } from "./counter.ts";

type Condition = (status: RaftStatus) => boolean;

/** One member over real disk and network, with what a test needs to follow it. */
export class Member {
  readonly node: RaftNode;
  readonly counter: Counter;
  readonly messages: string[];
  readonly #listener: Listener;
  readonly #changed: Set<() => void>;

  constructor(
    node: RaftNode,
    counter: Counter,
    messages: string[],
    listener: Listener,
    changed: Set<() => void>,
  ) {
    this.node = node;
    this.counter = counter;
    this.messages = messages;
    this.#listener = listener;
    this.#changed = changed;
  }

  /** Resolves once the condition holds. */
  async until(condition: Condition): Promise<void> {
    while (!condition(this.node.status())) {
      await new Promise<void>((resolve) => this.#changed.add(resolve));
    }
  }

  async stop(): Promise<void> {
    await this.node.close();
    await this.#listener.close();
  }
}

/** Three members on loopback, each in its own directory. */
export class Cluster implements AsyncDisposable {
  readonly #root: string;
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #members = new Map<string, Member>();

  private constructor(root: string, addresses: ReadonlyMap<string, string>) {
    this.#root = root;
    this.#addresses = addresses;
  }

  static async create(ids: readonly string[]): Promise<Cluster> {
    const root = await mkdtemp(path.join(tmpdir(), "flotilla-raft-"));
    const addresses = new Map<string, string>();
    const held: Listener[] = [];
    for (const id of ids) {
      const listener = await realHost({
        directory: path.join(root, id),
        logger: silentLogger,
      }).network.listen(
        { address: "127.0.0.1:0", protocols: peerProtocols, maxFrameBytes: peerMaxFrameBytes },
        (channel) => channel.close(),
      );
      held.push(listener);
      addresses.set(id, listener.address);
    }
    await Promise.all(held.map(async (listener) => listener.close()));
    return new Cluster(root, addresses);
  }

  get founders(): readonly Founder[] {
    return [...this.#addresses].map(([id, address]) => ({ id, address }));
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  host(id: string): Host {
    return realHost({ directory: path.join(this.#root, id), logger: silentLogger });
  }

  async start(id: string, options: Partial<RaftOptions> = {}): Promise<Member> {
    const host = this.host(id);
    const counter = new Counter();
    const messages: string[] = [];
    const changed = new Set<() => void>();
    const notify = (): void => {
      for (const resolve of changed) resolve();
      changed.clear();
    };
    const node = await RaftNode.open({
      host,
      id,
      cluster: "test",
      secret: new TextEncoder().encode("secret"),
      bootstrap: this.founders,
      stateMachine: counter,
      heartbeatMs: 50,
      electionTimeoutMs: 500,
      onStatus: notify,
      onApplied: notify,
      onMessage: (from, payload) => {
        messages.push(`${from}: ${new TextDecoder().decode(payload)}`);
        notify();
      },
      ...options,
    });
    const address = this.#addresses.get(id);
    if (address === undefined) throw new Error(`no member ${id}`);
    const listener = await host.network.listen(
      { address, protocols: peerProtocols, maxFrameBytes: peerMaxFrameBytes },
      (channel) => node.accept(channel),
    );
    const member = new Member(node, counter, messages, listener, changed);
    this.#members.set(id, member);
    return member;
  }

  async stop(id: string): Promise<void> {
    await this.#members.get(id)?.stop();
    this.#members.delete(id);
  }

  /** Removes everything a stopped member ever wrote. */
  async wipe(id: string): Promise<void> {
    await rm(path.join(this.#root, id), { recursive: true });
  }

  /** Waits until one of the running members leads and all of them know it. */
  async leader(): Promise<Member> {
    for (;;) {
      const leader = this.members.find(({ node }) => node.status().established);
      if (leader === undefined) {
        await Promise.race(
          this.members.map(async (member) => member.until(({ established }) => established)),
        );
        continue;
      }
      const { id } = leader.node;
      await Promise.all(this.members.map(async (member) => member.until((status) => status.leader === id)));
      return leader;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map(async (member) => member.stop()));
    await rm(this.#root, { recursive: true, force: true });
  }
}
