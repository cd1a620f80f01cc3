import { decode, encode, FlotillaError, readArray, readBytes, readUint } from "@flotilla/runtime";
import { readId } from "./ids.ts";
import { packOperation, unpackOperation } from "./operation-codec.ts";
import type { AttachCommand, ExpireCommand, KvCommand, RequestCommand } from "./types.ts";

/** Raised when the meaning of a command's bytes changes. */
const commandFormat = 1;
const tag = { attach: 0, request: 1, expire: 2 } as const;
const secretBytes = 16;
const maxLeases = 10_000;

function pack(command: KvCommand): readonly unknown[] {
  switch (command.type) {
    case "attach":
      return [commandFormat, tag.attach, command.session, command.secret, command.attach, command.ttlMs];
    case "request": {
      const { session, attach, seq, ack, operation } = command;
      return [commandFormat, tag.request, session, attach, seq, ack, packOperation(operation)];
    }
    default:
      return [commandFormat, tag.expire, command.leases];
  }
}

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

function readCount(value: unknown, what: string): number {
  const count = readUint(value, what);
  return count === 0 ? bad(`${what}: expected at least 1`) : count;
}

function unpackAttach(fields: readonly unknown[]): AttachCommand {
  readArray(fields, "attach", 6, 6);
  const secret = readBytes(fields[3], "secret", secretBytes);
  if (secret.length !== secretBytes) bad(`secret: expected ${secretBytes} bytes`);
  return {
    type: "attach",
    session: readId(fields[2], "session"),
    secret,
    attach: readCount(fields[4], "attach"),
    ttlMs: fields[5] === null ? null : readUint(fields[5], "ttl"),
  };
}

function unpackRequest(fields: readonly unknown[]): RequestCommand {
  readArray(fields, "request", 7, 7);
  const seq = readCount(fields[4], "seq");
  const ack = readUint(fields[5], "ack");
  if (ack >= seq) bad("ack: expected less than seq");
  return {
    type: "request",
    session: readId(fields[2], "session"),
    attach: readCount(fields[3], "attach"),
    seq,
    ack,
    operation: unpackOperation(fields[6]),
  };
}

function unpackExpire(fields: readonly unknown[]): ExpireCommand {
  readArray(fields, "expire", 3, 3);
  const leases: string[] = [];
  for (const item of readArray(fields[2], "leases", 0, maxLeases)) leases.push(readId(item, "lease"));
  return { type: "expire", leases };
}

function unpack(value: unknown): KvCommand {
  const fields = readArray(value, "command", 2, 8);
  if (fields[0] !== commandFormat) bad("command: unknown format version");
  switch (fields[1]) {
    case tag.attach:
      return unpackAttach(fields);
    case tag.request:
      return unpackRequest(fields);
    case tag.expire:
      return unpackExpire(fields);
    default:
      return bad("command: unknown kind");
  }
}

/**
 * The command as it stands in the log. What it returns is certain to decode.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for a command of the wrong shape
 */
export function encodeCommand(command: KvCommand): Uint8Array {
  return encode(packChecked(command));
}

function packChecked(command: KvCommand): readonly unknown[] {
  try {
    const packed = pack(command);
    unpack(packed);
    return packed;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "wrong shape";
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `not a command: ${reason}`, { cause });
  }
}

/**
 * Reads a command and checks its whole shape. Values alias `bytes`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeCommand(bytes: Uint8Array): KvCommand {
  return unpack(decode(bytes));
}
