import type { ClientMessage, OnPort, Parts, Port, PortHandler, ServerMessage } from "@flotilla/coord/parts";
import type { Lane, Lanes } from "./lanes.ts";
import { servers } from "./lanes.ts";
import type { Members } from "./members.ts";
import { describeMessage } from "./tell.ts";
import type { Tell } from "./tell.ts";

/** Leases are renewed on the side: there is nothing to choose. */
const aside: ReadonlySet<(ClientMessage | ServerMessage)["type"]> = new Set([
  "renew",
  "renewed",
  "ping",
  "pong",
]);

const reset = { cause: "reset", remote: false, reason: "" } as const;

type LocalReader = NonNullable<Parameters<OnPort>[1]>;

interface WireOptions {
  readonly members: Members;
  readonly lanes: Lanes;
  readonly client: string;
  readonly member: string;
  /** Of all wires of the client. */
  readonly number: number;
  readonly tell: Tell;
}

/** One connection of a client to a member. */
export class Wire {
  readonly up: Lane;
  readonly down: Lane;
  readonly #options: WireOptions;
  readonly #server: ReturnType<Parts["door"]["acceptLocal"]>;
  #client: PortHandler<ServerMessage> | null = null;
  /** Whether the client has it still. */
  #isOpen = true;

  constructor(options: WireOptions) {
    this.#options = options;
    const { lanes, client, member, number, members } = options;
    const name = number === 1 ? client : `${client}/${number}`;
    this.up = lanes.open(`up ${name}`, "up", servers, client);
    this.down = lanes.open(`down ${name}`, "down", client, client);
    const port: Port<ServerMessage> = {
      bufferedBytes: 0,
      send: (message) => this.#send(message),
      close: (reason = "") => this.#toClient((to) => this.#end(to, reason)),
    };
    this.#server = members.of(member).parts.door.acceptLocal(port);
  }

  /** The client's side. */
  get port(): Port<ClientMessage> {
    return {
      bufferedBytes: 0,
      send: (message) => {
        if (!this.#isOpen) return;
        if (aside.has(message.type)) this.#options.members.soon(() => this.#renew(message));
        else this.#toServer(() => this.#ask(message));
      },
      close: () => this.#hangUp(),
    };
  }

  /** What a member within the process of the client answers at once. */
  readonly answerNow: LocalReader = (query) => {
    const isIdle = this.#isOpen && this.up.items.length === 0 && this.down.items.length === 0;
    return isIdle ? this.#server.answerNow(query) : undefined;
  };

  /** Names who hears what the member says. */
  handle(client: PortHandler<ServerMessage>): void {
    this.#client = client;
  }

  /**
   * It breaks: what the member said is lost.
   * @param isLost also what the client said
   */
  sever(isLost: boolean): void {
    if (!this.#isOpen) return;
    if (isLost) this.up.items.length = 0;
    this.#hangUp();
    this.#client?.end(reset);
  }

  #hangUp(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.lanes.close(this.down);
    this.#toServer(() => this.#server.end());
  }

  #send(message: ServerMessage): void {
    if (!this.#isOpen) return;
    if (!aside.has(message.type)) {
      this.#toClient((to) => {
        this.#options.tell(() => `${this.down.name} ${describeMessage(message)}`);
        to.message(message);
      });
      return;
    }
    this.#options.members.soon(() => {
      if (this.#isOpen) this.#client?.message(message);
    });
  }

  #renew(message: ClientMessage): void {
    const { members } = this.#options;
    if (message.type !== "renew" || members.isCounting) this.#server.message(message);
    else if (this.#isOpen) this.#client?.message({ type: "renewed", number: message.number, refused: [] });
  }

  #ask(message: ClientMessage): void {
    this.#options.tell(() => `${this.up.name} ${describeMessage(message)}`);
    this.#server.message(message);
  }

  #toServer(run: () => void): void {
    this.#options.lanes.push(this.up, run);
  }

  #toClient(run: (to: PortHandler<ServerMessage>) => void): void {
    if (!this.#isOpen) return;
    this.#options.lanes.push(this.down, () => {
      if (this.#isOpen && this.#client !== null) run(this.#client);
    });
  }

  #end(to: PortHandler<ServerMessage>, reason: string): void {
    this.#isOpen = false;
    this.#options.lanes.close(this.down);
    to.end({ cause: "closed", remote: true, reason });
  }
}
