import { mostChannels } from "../channel-room.ts";
import type { Timer } from "../clock.ts";
import { FlotillaError, invariant } from "../errors.ts";
import type { Channel, DialOptions } from "../network.ts";
import { ChannelSide } from "./channel.ts";
import type { Life } from "./life.ts";
import type { Machine, OpenPort } from "./machine.ts";
import type { SimNetwork } from "./network.ts";
import { Pipe } from "./pipe.ts";

const defaultTimeoutMs = 5000;

/** One attempt to open a channel. */
export interface DialRequest {
  readonly network: SimNetwork;
  readonly life: Life;
  readonly target: Machine;
  readonly port: number;
  readonly address: string;
  readonly options: DialOptions;
  readonly resolve: (channel: Channel) => void;
  readonly reject: (reason: unknown) => void;
}

/** Opens one channel in two round trips: the systems greet each other, then the processes. */
export class Dialing {
  readonly #request: DialRequest;
  readonly #out: Pipe;
  readonly #back: Pipe;
  readonly #onAbort = (): void => this.#fail(this.#request.options.signal?.reason);
  #timer: Timer | undefined;
  #settled = false;
  #near: ChannelSide | undefined;
  #far: ChannelSide | undefined;

  constructor(request: DialRequest) {
    this.#request = request;
    const { network, life, target } = request;
    this.#out = new Pipe(network.scheduler, network.link(life.node, target.name), life.node);
    this.#back = new Pipe(network.scheduler, network.link(target.name, life.node), target.name);
  }

  start(): void {
    const { life, options } = this.#request;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#timer = life.clock.setTimer(timeoutMs, () =>
      this.#fail(this.#unreachable(`no answer in ${timeoutMs} ms`)),
    );
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#out.push("connect", 0, () => this.#greeted());
  }

  /** On the target machine, without its process. */
  #greeted(): void {
    if (!this.#request.target.powered) return;
    const port = this.#port();
    if (port === undefined) this.#refuse("nobody listens there");
    else this.#back.push("connected", 0, () => this.#ask(port));
  }

  /** Back on the dialing machine, without its process. */
  #ask(port: OpenPort): void {
    if (this.#settled || !this.#request.life.alive) return;
    this.#out.push("request", 0, () => this.#asked(port));
  }

  #asked(port: OpenPort): void {
    if (!this.#request.target.powered) return;
    if (!port.life.alive) this.#refuse("it went away");
    else port.life.deliver("request", this.#request.life.node, 0, () => this.#accept(port));
  }

  /** In the listening process. */
  #accept(port: OpenPort): void {
    const { protocol } = this.#request.options;
    if (this.#port() !== port) this.#refuse("it stopped listening");
    else if (!port.options.protocols.includes(protocol)) this.#refuse(`it does not speak ${protocol}`);
    else if (port.accepted.size >= mostChannels(port.options, protocol))
      this.#refuse("it has too many channels");
    else this.#open(port);
  }

  #open(port: OpenPort): void {
    const near = this.#nearSide();
    const far = this.#farSide(port);
    ChannelSide.join(near, far);
    near.unborn = () => this.#fail(this.#unreachable("it broke off"));
    this.#near = near;
    this.#far = far;
    port.accepted.add(far);
    port.unheard.add(far);
    this.#request.network.connected(near, far);
    this.#back.push("accepted", 0, () => {
      this.#request.life.deliver("accepted", this.#request.address, 0, () => this.#born(near));
    });
    port.onChannel(far);
    invariant(far.hasHandler || !far.isOpen || !port.life.alive, "ChannelHandledInTurn");
  }

  #born(near: ChannelSide): void {
    if (this.#settled) this.#hangUp();
    if (this.#settled || !near.isOpen) return;
    near.unborn = undefined;
    this.#settle();
    this.#request.resolve(near);
  }

  #nearSide(): ChannelSide {
    const { network, life, target, address, options } = this.#request;
    return new ChannelSide({
      scheduler: network.scheduler,
      life,
      out: this.#out,
      protocol: options.protocol,
      remoteAddress: address,
      maxFrameBytes: options.maxFrameBytes,
      isPowered: () => network.machine(life.node).powered,
      onSend: (frame) =>
        network.observe({ from: life.node, to: target.name, protocol: options.protocol, frame }),
      onEnd: () => {},
      onHeard: () => {},
    });
  }

  #farSide(port: OpenPort): ChannelSide {
    const { network, life, target, options } = this.#request;
    const machine = network.machine(life.node);
    const far: ChannelSide = new ChannelSide({
      scheduler: network.scheduler,
      life: port.life,
      out: this.#back,
      protocol: options.protocol,
      remoteAddress: `${machine.name}:${machine.nextPort}`,
      maxFrameBytes: port.options.maxFrameBytes,
      isPowered: () => target.powered,
      onSend: (frame) =>
        network.observe({ from: target.name, to: life.node, protocol: options.protocol, frame }),
      onEnd: () => port.accepted.delete(far),
      onHeard: () => {
        port.unheard.delete(far);
        port.onHeard?.();
      },
    });
    return far;
  }

  #port(): OpenPort | undefined {
    return this.#request.target.listeners.get(this.#request.port);
  }

  #refuse(why: string): void {
    this.#back.push("refused", 0, () => {
      this.#request.life.deliver("refused", this.#request.address, 0, () =>
        this.#fail(this.#unreachable(why)),
      );
    });
  }

  #unreachable(why: string): FlotillaError {
    return new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `cannot reach ${this.#request.address}: ${why}`);
  }

  #fail(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#near?.abandon();
    this.#hangUp();
    this.#request.reject(reason);
  }

  #hangUp(): void {
    this.#out.push("reset", 0, () => this.#far?.receiveEnd({ cause: "reset", remote: true, reason: "" }));
  }

  #settle(): void {
    this.#settled = true;
    this.#timer?.cancel();
    this.#request.options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
