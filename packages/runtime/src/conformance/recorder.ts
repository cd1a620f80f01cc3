import type { ChannelEnd, ChannelHandler } from "../network.ts";

/** A channel handler that remembers what it heard. */
export class Recorder implements ChannelHandler {
  readonly frames: Uint8Array[] = [];
  readonly ends: ChannelEnd[] = [];
  /** How deep in `send` calls the test is; a message heard meanwhile is re-entrant. */
  sending = 0;
  reentrant = false;
  /** Called with each frame. */
  onMessage: (frame: Uint8Array) => void = () => {};
  readonly #waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  message(frame: Uint8Array): void {
    if (this.sending > 0) this.reentrant = true;
    this.frames.push(frame);
    this.onMessage(frame);
    this.#wake();
  }

  end(end: ChannelEnd): void {
    if (this.sending > 0) this.reentrant = true;
    this.ends.push(end);
    this.#wake();
  }

  /** Resolves once `count` frames were heard. */
  received(count: number): Promise<void> {
    return this.#when(() => this.frames.length >= count);
  }

  /** Resolves with the end. */
  async ended(): Promise<ChannelEnd | undefined> {
    await this.#when(() => this.ends.length > 0);
    return this.ends[0];
  }

  #when(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ ready, resolve }));
  }

  #wake(): void {
    for (const waiter of this.#waiting) if (waiter.ready()) waiter.resolve();
  }
}
