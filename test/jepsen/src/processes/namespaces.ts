import { spawnSync } from "node:child_process";

const bridge = "br0";
const bridgeMac = "02:00:00:00:00:fe";
/** Frames to it go nowhere: nobody has it. */
const nobodyMac = "02:00:00:00:01:00";
/** Host number of the end outside of all members in each subnet. */
const outerHost = 254;

/** A line for `ip`, and the namespace it is about; null: outside. */
interface Order {
  readonly namespace: string | null;
  readonly line: string;
}

/** Carries out orders, those for one namespace in their order. @throws Error with what `ip` said */
function carryOut(orders: readonly Order[]): void {
  for (const place of new Set(orders.map(({ namespace }) => namespace))) {
    const within = place === null ? [] : ["-n", place];
    const lines = orders.filter(({ namespace }) => namespace === place).map(({ line }) => line);
    const done = spawnSync("ip", [...within, "-batch", "-"], { input: lines.join("\n"), encoding: "utf8" });
    if (done.status !== 0) throw new Error(`ip: ${done.error?.message ?? done.stderr}`);
  }
}

function outside(...lines: readonly string[]): Order[] {
  return lines.map((line) => ({ namespace: null, line }));
}

function within(namespace: string, ...lines: readonly string[]): Order[] {
  return lines.map((line) => ({ namespace, line }));
}

function macOf(host: number): string {
  return host === outerHost ? bridgeMac : `02:00:00:00:00:${host.toString(16).padStart(2, "0")}`;
}

function open(way: Way): Order {
  return neighbour(way, way.mac);
}

function neighbour({ namespace, device, address }: Way, mac: string): Order {
  return { namespace, line: `neigh replace ${address} lladdr ${mac} dev ${device} nud permanent` };
}

/** Who is cut off from whom, one way. */
export type IsCut = (sender: string, receiver: string) => boolean;

interface Way {
  readonly sender: string;
  readonly receiver: string;
  /** Of the sender; null: outside. */
  readonly namespace: string | null;
  readonly device: string;
  /** Under which the sender knows the receiver. */
  readonly address: string;
  readonly mac: string;
}

/**
 * A network namespace for each member, all of them at one bridge outside, where clients are. Each client has a subnet of
 * its own. A sender is cut off from a receiver by a wrong hardware address: what it sends is lost without a word, and
 * whatever comes the other way is not.
 *
 * Only for a process in a network of its own (`inNetworkOfItsOwn`), with which all of it goes.
 */
export class Namespaces {
  readonly #members: readonly string[];
  readonly #clients: string[] = [];
  readonly #ways: Way[] = [];
  #cut = new Set<Way>();

  /** @throws Error with what `ip` said, as when this process has some already */
  constructor(members: readonly string[]) {
    if (members.length >= outerHost) throw new RangeError(`at most ${outerHost - 1} members`);
    this.#members = members;
    carryOut([
      ...outside(`link add ${bridge} type bridge`, `link set ${bridge} up address ${bridgeMac}`),
      ...members.flatMap((member, position) =>
        outside(
          `netns add ${member}`,
          `link add v${position + 1} type veth peer name eth0 netns ${member}`,
          `link set v${position + 1} master ${bridge} up`,
        ),
      ),
      ...members.flatMap((member) =>
        within(member, "link set lo up", `link set eth0 up address ${macOf(this.#hostOf(member))}`),
      ),
    ]);
    const ways = members.flatMap((sender) =>
      members.filter((receiver) => receiver !== sender).map((receiver) => this.#way(0, sender, receiver)),
    );
    this.#add(0, ways);
  }

  /** Words before a command that have it run where a member is, and die with whoever started it. */
  static launcher(member: string): readonly string[] {
    return ["nsenter", `--net=/run/netns/${member}`, "--", "setpriv", "--pdeathsig", "KILL", "--"];
  }

  /** Where all reach a member, without a port. */
  addressOf(member: string): string {
    return addressIn(0, this.#hostOf(member));
  }

  /** A way of its own for a client to each member: where it reaches each, by the address by which all do. */
  addClient(client: string): ReadonlyMap<string, string> {
    this.#clients.push(client);
    const subnet = this.#clients.length;
    const ways = this.#members.flatMap((member) => [
      this.#way(subnet, client, member),
      this.#way(subnet, member, client),
    ]);
    this.#add(subnet, ways);
    return new Map(
      this.#members.map((member) => [this.addressOf(member), addressIn(subnet, this.#hostOf(member))]),
    );
  }

  /** From now on nothing gets from whom to whom it says; everything else does. @throws Error with what `ip` said */
  shape(isCut: IsCut): void {
    const cut = new Set(this.#ways.filter(({ sender, receiver }) => isCut(sender, receiver)));
    const changed = this.#ways.filter((way) => cut.has(way) !== this.#cut.has(way));
    this.#cut = cut;
    carryOut(changed.map((way) => (cut.has(way) ? neighbour(way, nobodyMac) : open(way))));
  }

  /** Takes it all down, so that this process may make another one. */
  remove(): void {
    const lines = this.#members.flatMap((member, position) => [
      `link del v${position + 1}`,
      `netns del ${member}`,
    ]);
    carryOut(outside(...lines, `link del ${bridge}`));
  }

  /** Host number of a member in each subnet. */
  #hostOf(member: string): number {
    return this.#members.indexOf(member) + 1;
  }

  #add(subnet: number, ways: readonly Way[]): void {
    this.#ways.push(...ways);
    carryOut([
      ...outside(`addr add ${addressIn(subnet, outerHost)}/24 dev ${bridge}`),
      ...this.#members.flatMap((member) =>
        within(member, `addr add ${addressIn(subnet, this.#hostOf(member))}/24 dev eth0`),
      ),
      ...ways.map(open),
    ]);
  }

  #way(subnet: number, sender: string, receiver: string): Way {
    const isFromMember = this.#members.includes(sender);
    const host = this.#members.includes(receiver) ? this.#hostOf(receiver) : outerHost;
    return {
      sender,
      receiver,
      namespace: isFromMember ? sender : null,
      device: isFromMember ? "eth0" : bridge,
      address: addressIn(subnet, host),
      mac: macOf(host),
    };
  }
}

function addressIn(subnet: number, host: number): string {
  return `10.77.${subnet}.${host}`;
}
