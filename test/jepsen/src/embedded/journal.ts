import { closeSync, openSync, writeSync } from "node:fs";
import type { OpOrigin, Operation, OpResult, OtherRecord } from "@flotilla/history";
import { HistoryWriter } from "@flotilla/history";
import type { Notes } from "../clients/notes.ts";

/** A call of a writer, with its arguments. */
type Line =
  | readonly ["invoke", number, Operation, number, OpOrigin]
  | readonly ["ok", number, number, OpResult | null]
  | readonly ["fail", number, number, string]
  | readonly ["unknown", number]
  | readonly ["add", OtherRecord]
  | readonly ["amend", number, OtherRecord];

/**
 * Notes of a process that may be killed at any moment, as lines of a file: each is handed to the system before anything
 * else happens, so that nothing is done that was not told before.
 */
export class Journal implements Notes, Disposable {
  readonly #fd: number;
  #clients = 0;
  #operations = 0;
  #records = 0;

  /** @param file made anew */
  constructor(file: string) {
    this.#fd = openSync(file, "wx");
  }

  newClient(): number {
    return this.#clients++;
  }

  invoke(client: number, op: Operation, nowNs: number, origin: OpOrigin = {}): number {
    this.#write(["invoke", client, op, nowNs, origin]);
    return this.#operations++;
  }

  ok(id: number, nowNs: number, result: OpResult | null = null): void {
    this.#write(["ok", id, nowNs, result]);
  }

  fail(id: number, nowNs: number, error: string): void {
    this.#write(["fail", id, nowNs, error]);
  }

  unknown(id: number): void {
    this.#write(["unknown", id]);
  }

  add(record: OtherRecord): number {
    this.#write(["add", record]);
    return this.#records++;
  }

  amend(number: number, record: OtherRecord): void {
    this.#write(["amend", number, record]);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #write(line: Line): void {
    writeSync(this.#fd, `${JSON.stringify(line)}\n`);
  }
}

/**
 * What a journal tells. Where it ends in the midst of a line, the process was killed before it did what that says. A
 * belief that it did not see the end of lasts until the last line: the process may have stopped at any time after that.
 */
export function readJournal(text: string): HistoryWriter {
  const writer = new HistoryWriter();
  const open = new Map<number, OtherRecord>();
  let lastNs = 0;
  const note = (number: number, record: OtherRecord): void => {
    if (record.kind === "belief" && record["to_ns"] === null) open.set(number, record);
    else open.delete(number);
  };
  for (const json of text.split("\n").slice(0, -1)) {
    const line = JSON.parse(json) as Line;
    lastNs = Math.max(lastNs, timeOf(line));
    perform(writer, line, note);
  }
  for (const [number, record] of open) {
    const to_ns = Math.max(lastNs, Number(record["from_ns"]));
    writer.amend(number, { ...record, to_ns });
  }
  return writer;
}

function perform(
  writer: HistoryWriter,
  line: Line,
  note: (number: number, record: OtherRecord) => void,
): void {
  switch (line[0]) {
    case "invoke":
      writer.invoke(line[1], line[2], line[3], line[4]);
      return;
    case "ok":
      return writer.ok(line[1], line[2], line[3]);
    case "fail":
      return writer.fail(line[1], line[2], line[3]);
    case "unknown":
      return writer.unknown(line[1]);
    case "add":
      return note(writer.add(line[1]), line[1]);
    case "amend":
      writer.amend(line[1], line[2]);
      return note(line[1], line[2]);
  }
}

function timeOf(line: Line): number {
  if (line[0] === "invoke") return line[3];
  if (line[0] === "ok" || line[0] === "fail") return line[2];
  if (line[0] === "unknown") return 0;
  const { at_ns, invoke_ns, return_ns, from_ns, to_ns } = line[0] === "add" ? line[1] : line[2];
  const times = [at_ns, invoke_ns, return_ns, from_ns, to_ns];
  return Math.max(0, ...times.filter((time) => typeof time === "number"));
}
