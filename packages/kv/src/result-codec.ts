import {
  decode,
  encode,
  FlotillaError,
  readArray,
  readBoolean,
  readInt,
  readString,
  readUint,
  toErrorCode,
} from "@flotilla/runtime";
import { readId } from "./ids.ts";
import { limits } from "./limits.ts";
import type { OpResult, Result, Stat } from "./types.ts";

/** Raised when the meaning of a result's bytes changes. */
const resultFormat = 1;
const maxCode = 64;

/** The stat as a positional array, for a frame of CBOR. {@link unpackStat} is its inverse. */
export function packStat(stat: Stat): readonly unknown[] {
  return [
    stat.czxid,
    stat.mzxid,
    stat.pzxid,
    stat.ctimeMs,
    stat.mtimeMs,
    stat.version,
    stat.cversion,
    stat.aversion,
    stat.ephemeralOwner,
    stat.dataLength,
    stat.numChildren,
  ];
}

/**
 * Reads a stat out of decoded CBOR.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function unpackStat(value: unknown): Stat {
  const fields = readArray(value, "stat", 11, 11);
  return {
    czxid: readUint(fields[0], "czxid"),
    mzxid: readUint(fields[1], "mzxid"),
    pzxid: readUint(fields[2], "pzxid"),
    ctimeMs: readInt(fields[3], "ctime"),
    mtimeMs: readInt(fields[4], "mtime"),
    version: readUint(fields[5], "version"),
    cversion: readUint(fields[6], "cversion"),
    aversion: readUint(fields[7], "aversion"),
    ephemeralOwner: fields[8] === null ? null : readId(fields[8], "owner"),
    dataLength: readUint(fields[9], "length"),
    numChildren: readUint(fields[10], "children"),
  };
}

function packOpResult(result: OpResult): readonly unknown[] {
  if (!result.ok) return [result.code];
  return [result.path, result.stat === null ? null : packStat(result.stat)];
}

function unpackOpResult(value: unknown): OpResult {
  const fields = readArray(value, "op result", 1, 2);
  if (fields.length === 1) return { ok: false, code: toErrorCode(readString(fields[0], "code", maxCode)) };
  const stat = fields[1] === null ? null : unpackStat(fields[1]);
  return { ok: true, path: readString(fields[0], "path", limits.pathBytes), stat };
}

/** The result as it stands in a session's window and travels to the client. */
export function encodeResult(result: Result): Uint8Array {
  const { ok, revision } = result;
  return ok
    ? encode([resultFormat, ok, revision, result.results.map(packOpResult)])
    : encode([resultFormat, ok, revision, result.code, result.failed]);
}

/**
 * Reads a result. A code that this version does not know becomes `ERR_FLOTILLA_INTERNAL`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeResult(bytes: Uint8Array): Result {
  const fields = readArray(decode(bytes), "result", 4, 5);
  if (fields[0] !== resultFormat)
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "result: unknown format version");
  const revision = readUint(fields[2], "revision");
  if (readBoolean(fields[1], "ok")) {
    readArray(fields, "result", 4, 4);
    const results: OpResult[] = [];
    for (const item of readArray(fields[3], "results", 0, limits.opsPerMulti))
      results.push(unpackOpResult(item));
    return { ok: true, revision, results };
  }
  readArray(fields, "result", 5, 5);
  const code = toErrorCode(readString(fields[3], "code", maxCode));
  const failed = fields[4] === null ? null : readUint(fields[4], "failed", limits.opsPerMulti);
  return { ok: false, revision, code, failed };
}
