import { CborReader, CborWriter, expectItems, FlotillaError, toErrorCode } from "@flotilla/runtime";
import type { ErrorCode } from "@flotilla/runtime";
import { readExcess, writeExcess } from "./budget-codec.ts";
import { limits } from "./limits.ts";
import { readStat, writeStat } from "./stat-codec.ts";
import type { Branch, OpResult, Result } from "./types.ts";

/** Raised when the meaning of a result's bytes changes. */
const resultFormat = 3;
const maxCode = 64;

const writer = new CborWriter();

function writeOpResult(result: OpResult): void {
  if (!result.ok) {
    writer.array(1);
    writer.text(result.code);
    return;
  }
  writer.array(result.sum === undefined ? 2 : 3);
  writer.text(result.path);
  if (result.stat === null) writer.null();
  else writeStat(writer, result.stat);
  if (result.sum !== undefined) writer.number(result.sum);
}

function open(result: Result, items: number): void {
  writer.begin();
  writer.array(items);
  writer.number(resultFormat);
  writer.boolean(result.ok);
  writer.number(result.revision);
}

/** The result as it travels to the client. */
export function encodeResult(result: Result): Uint8Array {
  const branched = result.branch === undefined ? 0 : 1;
  if (result.ok) {
    open(result, 4 + branched);
    writer.array(result.results.length);
    for (const item of result.results) writeOpResult(item);
    if (branched === 1) writer.boolean(result.branch === "then");
  } else writeFailure(result);
  return writer.finish();
}

/** The branch comes before the excess, as null where there is none. */
function writeFailure(result: Extract<Result, { ok: false }>): void {
  const { code, failed, branch, excess } = result;
  const plain = branch === undefined ? 5 : 6;
  open(result, excess === undefined ? plain : 7);
  writer.text(code);
  if (failed === null) writer.null();
  else writer.number(failed);
  if (branch !== undefined) writer.boolean(branch === "then");
  else if (excess !== undefined) writer.null();
  if (excess !== undefined) writeExcess(writer, excess);
}

function readCode(reader: CborReader): ErrorCode {
  return toErrorCode(reader.text("code", maxCode));
}

function readOpResult(reader: CborReader): OpResult {
  const items = reader.array("op result", 1, 3);
  if (items === 1) return { ok: false, code: readCode(reader) };
  const path = reader.text("path", limits.pathBytes);
  const result = { ok: true, path, stat: reader.takeNull() ? null : readStat(reader) } as const;
  return items === 2 ? result : { ...result, sum: reader.int("sum") };
}

function readResult(reader: CborReader): Result {
  const items = reader.array("result", 4, 7);
  if (reader.uint("format") !== resultFormat)
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "result: unknown format version");
  const ok = reader.boolean("ok");
  const revision = reader.uint("revision");
  return ok ? readSuccess(reader, items, revision) : readFailure(reader, items, revision);
}

function readBranch(reader: CborReader): { readonly branch: Branch } {
  return { branch: reader.boolean("branch") ? "then" : "else" };
}

function readSuccess(reader: CborReader, items: number, revision: number): Result {
  if (items !== 4) expectItems("result", items, 5);
  const results = reader.list("results", limits.opsPerMulti, readOpResult);
  return { ok: true, revision, results, ...(items === 4 ? {} : readBranch(reader)) };
}

function readFailure(reader: CborReader, items: number, revision: number): Result {
  if (items < 5) expectItems("result", items, 5);
  const code = readCode(reader);
  const failed = reader.takeNull() ? null : reader.uint("failed", limits.opsPerMulti);
  const result = { ok: false, revision, code, failed } as const;
  if (items === 5) return result;
  const hasNone = items === 7 && reader.takeNull();
  const branched = hasNone ? result : { ...result, ...readBranch(reader) };
  return items === 7 ? { ...branched, excess: readExcess(reader) } : branched;
}

/**
 * Reads a result. A code that this version does not know becomes `ERR_FLOTILLA_INTERNAL`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function decodeResult(bytes: Uint8Array): Result {
  const reader = new CborReader(bytes);
  const result = readResult(reader);
  reader.end("result");
  return result;
}
