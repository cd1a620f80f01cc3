import type { Channel, ChannelHandler } from "@flotilla/runtime";

/** The listener's end of a channel on which a fuzzer speaks; notes what is said back. */
export class Ear implements Channel {
  readonly protocol: string;
  readonly remoteAddress: string = "";
  readonly bufferedBytes: number = 0;
  readonly #sent: Uint8Array[] = [];
  #handler: ChannelHandler | null = null;
  closedWith: string | null = null;

  constructor(protocol: string) {
    this.protocol = protocol;
  }

  get isOpen(): boolean {
    return this.closedWith === null;
  }

  /** What was said since the last call. */
  take(): Uint8Array[] {
    return this.#sent.splice(0);
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  send(frame: Uint8Array): void {
    if (this.isOpen) this.#sent.push(frame);
  }

  close(reason: string = ""): void {
    this.closedWith ??= reason;
  }

  hear(frame: Uint8Array): void {
    if (this.isOpen) this.#handler?.message(frame);
  }
}
