import type { ChannelEnd } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { FramePort, frameHandler } from "../ports/frame-port.ts";
import type { Port, PortHandler } from "../ports/port.ts";
import { decodeAdminReply, encodeAdminRequest } from "../wire/admin-codec.ts";
import type { AdminReply, AdminRequest } from "../wire/admin-messages.ts";
import { adminProtocol } from "../wire/admin-messages.ts";
import type { AdminTarget } from "./admin-call.ts";
import { callLimits, PlainWait } from "./call.ts";
import { Deadlines } from "./deadlines.ts";
import { dialServer } from "./dialer.ts";

/** Several questions to one node over one channel, one at a time. */
export class Conversation implements PortHandler<AdminReply> {
  readonly #target: AdminTarget;
  readonly #deadlines: Deadlines;
  #port: Port<AdminRequest> | null = null;
  #wait: PlainWait<AdminReply> | null = null;
  #ended: FlotillaError | null = null;

  private constructor(target: AdminTarget) {
    this.#target = target;
    this.#deadlines = new Deadlines(target.host.clock);
  }

  /** @throws FlotillaError saying why there is no channel */
  static async open(target: AdminTarget): Promise<Conversation> {
    const opened = new Conversation(target);
    await dialServer({ ...target, protocol: adminProtocol }, (channel) => {
      opened.#port = new FramePort(channel, encodeAdminRequest);
      return frameHandler(opened, decodeAdminReply);
    });
    return opened;
  }

  /** @throws FlotillaError whatever the node refused with, `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED` */
  async ask(request: AdminRequest): Promise<Exclude<AdminReply, { type: "error" }>> {
    if (this.#ended !== null) throw this.#ended;
    const { timeoutMs, signal, address } = this.#target;
    const wait = new PlainWait<AdminReply>(
      this.#deadlines,
      callLimits({ timeoutMs, signal }, timeoutMs),
      address,
    );
    this.#wait = wait;
    this.#port?.send(request);
    const reply = await wait.promise;
    if (reply.type !== "error") return reply;
    throw new FlotillaError(reply.code, reply.message, { ambiguous: reply.ambiguous });
  }

  close(): void {
    this.#deadlines.stop();
    this.#port?.close();
  }

  message(reply: AdminReply): void {
    this.#wait?.resolve(reply);
  }

  garbled(error: unknown): void {
    if (!FlotillaError.is(error)) throw error;
    this.#fail(error);
  }

  end({ cause, reason }: ChannelEnd): void {
    this.#fail(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `the connection ended: ${reason || cause}`));
  }

  #fail(error: FlotillaError): void {
    this.#ended ??= error;
    this.#wait?.reject(error);
  }
}
