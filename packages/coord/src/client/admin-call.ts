import { FlotillaError } from "@flotilla/runtime";
import { FramePort, frameHandler } from "../ports/frame-port.ts";
import { decodeAdminReply, decodeAdminRequest, encodeAdminRequest } from "../wire/admin-codec.ts";
import type { AdminReply, AdminRequest } from "../wire/admin-messages.ts";
import { adminProtocol } from "../wire/admin-messages.ts";
import { badArgument } from "./bad-argument.ts";
import { callLimits, PlainWait } from "./call.ts";
import { Deadlines } from "./deadlines.ts";
import type { DialTarget } from "./dialer.ts";
import { dialServer } from "./dialer.ts";

/** Whom to ask; `timeoutMs` bounds it all. */
export type AdminTarget = Omit<DialTarget, "protocol">;

/** A wait whose question may have been acted upon when nobody answers. */
class AdminWait extends PlainWait<AdminReply> {
  isSent = false;

  protected override giveUp(): boolean {
    return this.isSent;
  }
}

/**
 * Asks one node one thing, over a channel of its own.
 * @throws FlotillaError whatever the node refused with; `ERR_FLOTILLA_BAD_ARGUMENT` for what no node takes for a question;
 * `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`, `ambiguous` when the question was sent
 */
export async function askNode(
  target: AdminTarget,
  request: AdminRequest,
): Promise<Exclude<AdminReply, { type: "error" }>> {
  requireSound(request);
  const { host, timeoutMs, signal, address } = target;
  const deadlines = new Deadlines(host.clock);
  const wait = new AdminWait(deadlines, callLimits({ timeoutMs, signal }, timeoutMs), address);
  const over = new AbortController();
  wait.promise.catch(() => over.abort());
  try {
    await dialServer({ ...target, protocol: adminProtocol, signal: over.signal }, (channel) => {
      const port = new FramePort(channel, encodeAdminRequest);
      wait.isSent = request.type !== "describe";
      port.send(request);
      void wait.promise.finally(() => port.close()).catch(() => {});
      return frameHandler(handlerOf(wait), decodeAdminReply);
    });
  } catch (error) {
    // Of a wait that is over this changes nothing.
    wait.reject(error instanceof Error ? error : new FlotillaError("ERR_FLOTILLA_UNREACHABLE", address));
  }
  try {
    return requireReply(await wait.promise);
  } finally {
    deadlines.stop();
  }
}

/** A node ends the channel of whoever asks what it cannot read, which looks like a node that is gone. */
function requireSound(request: AdminRequest): void {
  try {
    decodeAdminRequest(encodeAdminRequest(request));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "no question";
    throw badArgument(`${request.type}: ${reason}`);
  }
}

function handlerOf(wait: AdminWait): Parameters<typeof frameHandler<AdminReply>>[0] {
  return {
    message: (reply) => wait.resolve(reply),
    garbled: (error) => {
      if (!FlotillaError.is(error)) throw error;
      wait.reject(error);
    },
    end: ({ cause, reason }) =>
      wait.reject(
        new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `the connection ended: ${reason || cause}`, {
          ambiguous: wait.isSent,
        }),
      ),
  };
}

/** @throws FlotillaError what the node refused with */
function requireReply(reply: AdminReply): Exclude<AdminReply, { type: "error" }> {
  if (reply.type !== "error") return reply;
  throw new FlotillaError(reply.code, reply.message, { ambiguous: reply.ambiguous });
}
