import { CborReader, CborWriter, expectItems, FlotillaError, toErrorCode } from "@flotilla/runtime";
import type { ErrorCode } from "@flotilla/runtime";
import { limits } from "./limits.ts";
import { readStat, writeStat } from "./stat-codec.ts";
import type { OpResult, Result } from "./types.ts";

/** Raised when the meaning of a result's bytes changes. */
const resultFormat = 2;
const maxCode = 64;

const writer = new CborWriter();

function writeOpResult(result: OpResult): void {
  if (!result.ok) {
    writer.array(1);
    writer.text(result.code);
    return;
  }
  writer.array(2);
  writer.text(result.path);
  if (result.stat === null) writer.null();
  else writeStat(writer, result.stat);
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
  } else {
    open(result, 5 + branched);
    writer.text(result.code);
    if (result.failed === null) writer.null();
    else writer.number(result.failed);
  }
  if (branched === 1) writer.boolean(result.branch === "then");
  return writer.finish();
}

function readCode(reader: CborReader): ErrorCode {
  return toErrorCode(reader.text("code", maxCode));
}

function readOpResult(reader: CborReader): OpResult {
  if (reader.array("op result", 1, 2) === 1) return { ok: false, code: readCode(reader) };
  const path = reader.text("path", limits.pathBytes);
  return { ok: true, path, stat: reader.takeNull() ? null : readStat(reader) };
}

function readResult(reader: CborReader): Result {
  const items = reader.array("result", 4, 6);
  if (reader.uint("format") !== resultFormat)
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "result: unknown format version");
  const ok = reader.boolean("ok");
  const revision = reader.uint("revision");
  const plainItems = ok ? 4 : 5;
  if (items !== plainItems) expectItems("result", items, plainItems + 1);
  const result = ok ? readSuccess(reader, revision) : readFailure(reader, revision);
  if (items === plainItems) return result;
  return { ...result, branch: reader.boolean("branch") ? "then" : "else" };
}

function readSuccess(reader: CborReader, revision: number): Result {
  return { ok: true, revision, results: reader.list("results", limits.opsPerMulti, readOpResult) };
}

function readFailure(reader: CborReader, revision: number): Result {
  const code = readCode(reader);
  const failed = reader.takeNull() ? null : reader.uint("failed", limits.opsPerMulti);
  return { ok: false, revision, code, failed };
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
