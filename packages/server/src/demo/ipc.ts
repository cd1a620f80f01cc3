import type { FromMember, ToMember } from "./messages.ts";

/** A member's line to the supervisor. */
export interface Line {
  send(message: FromMember): void;
  /** Resolves when the message has left this process. */
  sendNow(message: FromMember): Promise<void>;
  onMessage(fn: (message: ToMember) => void): void;
  /** The supervisor is gone. */
  onDisconnect(fn: () => void): void;
}

/** Null when this process was not started by a supervisor. */
export function lineToSupervisor(): Line | null {
  if (process.send === undefined) return null;
  return {
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    sendNow: (message) =>
      new Promise((resolve) => {
        if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
        else resolve();
      }),
    onMessage: (fn) => void process.on("message", (message) => isToMember(message) && fn(message)),
    onDisconnect: (fn) => void process.on("disconnect", fn),
  };
}

const toMemberTypes = ["start", "pause", "stopped-sibling", "close"];
const fromMemberTypes = ["ready", "status", "pausing", "stale-refused", "failed"];

function hasType(message: unknown, types: readonly string[]): boolean {
  return (
    typeof message === "object" &&
    message !== null &&
    "type" in message &&
    typeof message.type === "string" &&
    types.includes(message.type)
  );
}

/** Both ends are the same program: the type tells the shape. */
function isToMember(message: unknown): message is ToMember {
  return hasType(message, toMemberTypes);
}

/** As `isToMember`, for the other direction. */
export function isFromMember(message: unknown): message is FromMember {
  return hasType(message, fromMemberTypes);
}
