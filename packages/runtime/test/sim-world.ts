import type { Channel, ChannelEnd, ChannelHandler, Host } from "@flotilla/runtime";
import type { Kernel } from "@flotilla/runtime/sim";

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const untext = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** Hears a channel and remembers when. */
export class Heard implements ChannelHandler {
  readonly messages: string[] = [];
  readonly ends: ChannelEnd[] = [];
  endedAtMs: number | undefined;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  message(frame: Uint8Array): void {
    this.messages.push(untext(frame) ?? "");
  }

  end(end: ChannelEnd): void {
    this.ends.push(end);
    this.endedAtMs = this.#kernel.nowMs;
  }
}

export interface Pair {
  readonly a: Channel;
  readonly b: Channel;
  readonly atA: Heard;
  readonly atB: Heard;
}

/** Listens at `b:1` and dials from `a`. */
export async function connect(kernel: Kernel, hostA: Host, hostB: Host, protocol = "test"): Promise<Pair> {
  const [atA, atB] = [new Heard(kernel), new Heard(kernel)];
  let there: Channel | undefined;
  const options = { address: "b:1", protocols: [protocol], maxFrameBytes: 1 << 20 };
  await kernel.until(
    hostB.network.listen(options, (channel) => {
      there = channel;
      channel.handle(atB);
    }),
  );
  const a = await kernel.until(
    hostA.network.dial("b:1", { protocol, maxFrameBytes: 1 << 20 }).then((channel) => {
      channel.handle(atA);
      return channel;
    }),
  );
  if (there === undefined) throw new Error("nothing was accepted");
  return { a, b: there, atA, atB };
}
