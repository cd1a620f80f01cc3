import { LoopDelay } from "../kv/own-times.ts";
import type { Times } from "../kv/messages.ts";

/** Asks a process how late its event loop was, from the one to the other. */
export type DelayRequest = { readonly type: "delay-begin" } | { readonly type: "delay-end" };

/** True for either. */
export function isDelayRequest(value: unknown): value is DelayRequest {
  const type: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "type") : null;
  return type === "delay-begin" || type === "delay-end";
}

/** True for the answer to the second. */
export function isTimes(value: unknown): value is Times {
  return typeof value === "object" && value !== null && "p999Ms" in value && "maxMs" in value;
}

/** The delay of this process's event loop, from one request to the next. */
export class DelaySampler {
  #delay: LoopDelay | null = null;

  begin(): void {
    this.#delay = new LoopDelay();
    this.#delay.on();
  }

  /** @throws Error when it was not begun */
  end(): Times {
    const delay = this.#delay;
    if (delay === null) throw new Error("the delay of the event loop is not measured");
    this.#delay = null;
    delay.off();
    return delay.times;
  }

  answer(request: DelayRequest): object {
    if (request.type === "delay-end") return this.end();
    this.begin();
    return {};
  }
}

/** Has this process answer nothing but such requests. */
export function answerDelays(): void {
  const sampler = new DelaySampler();
  process.on("message", (request: unknown) => {
    if (isDelayRequest(request)) process.send?.(sampler.answer(request));
  });
}
