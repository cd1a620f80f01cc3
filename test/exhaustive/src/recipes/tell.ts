import type { ClientMessage, ServerMessage } from "@flotilla/coord/parts";
import { decodeResult } from "@flotilla/kv";
import type { TreeEvent } from "@flotilla/kv";

/** Takes what is only put into words when somebody listens. */
export type Tell = (text: () => string) => void;

const decoder = new TextDecoder();

function shown(key: string, value: unknown): unknown {
  if (key === "auth" || key === "secret" || key === "historyId") return undefined;
  if (key === "stat" && value !== null) return (value as { readonly mzxid: number }).mzxid;
  return value instanceof Uint8Array ? decoder.decode(value) : value;
}

/** A message in a line. */
export function describeMessage(message: ClientMessage | ServerMessage): string {
  if (message.type !== "result") return JSON.stringify(message, shown);
  return JSON.stringify({ ...message, result: decodeResult(message.result) }, shown);
}

/** A change of the tree in a line. */
export function describeEvent({ revision, type, path, node }: TreeEvent): string {
  return `r${revision} ${type} ${path} ${node === null ? "" : decoder.decode(node.value)}`;
}
