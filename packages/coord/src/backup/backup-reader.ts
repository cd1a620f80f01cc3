import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { ByteQueue, CborReader, FlotillaError } from "@flotilla/runtime";
import {
  backupFormat,
  backupMagic,
  frameHeadBytes,
  frameKind,
  maxFrameBytes,
  readEnd,
  readHeader,
  startBytes,
} from "./backup-format.ts";
import type { BackupHeader } from "./backup-format.ts";

/** What a backup holds and how much of it. */
export interface BackupFacts extends BackupHeader {
  /** Version of the layout of the file. */
  readonly format: number;
  /** Of the whole file. */
  readonly bytes: number;
}

function damaged(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `backup: ${message}`);
}

function checkStart(start: Uint8Array): void {
  for (const [at, byte] of backupMagic.entries()) if (start[at] !== byte) damaged("this is no backup");
  const format = start[backupMagic.length];
  if (format === backupFormat) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_UNSUPPORTED",
    `backup: it has format version ${String(format)}; this version of Flotilla reads ${backupFormat}`,
  );
}

/**
 * Reads a backup as its bytes come, checks every checksum, and hands on the machine's snapshot in it. What was handed on
 * counts only once `end` says that all of it is there. After a throw it is of no more use.
 */
export class BackupReader {
  readonly #data: (bytes: Uint8Array) => void;
  readonly #queue = new ByteQueue();
  readonly #hash = createHash("sha256");
  #isStarted = false;
  #isOver = false;
  #header: BackupHeader | null = null;
  #dataBytes = 0;
  #bytes = 0;

  /** @param data takes the next bytes of the machine's snapshot, which nobody changes from then on */
  constructor(data: (bytes: Uint8Array) => void) {
    this.#data = data;
  }

  /**
   * Takes the next bytes, which nobody changes from now on.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` for another format version
   */
  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
    try {
      while (this.#step());
    } catch (cause) {
      if (!FlotillaError.is(cause, "ERR_FLOTILLA_BAD_FRAME")) throw cause;
      throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `backup: ${cause.message}`, { cause });
    }
  }

  /**
   * No more bytes follow.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when some are missing
   */
  end(): BackupFacts {
    if (this.#header === null || !this.#isOver) damaged("it is cut off");
    return { ...this.#header, format: backupFormat, bytes: this.#bytes };
  }

  /** False when more bytes are needed. */
  #step(): boolean {
    if (!this.#isStarted) return this.#start();
    if (this.#isOver && this.#queue.length > 0) damaged("something follows its end");
    const head = this.#queue.peek(frameHeadBytes);
    if (head === null) return false;
    const view = new DataView(head.buffer, head.byteOffset, frameHeadBytes);
    const length = view.getUint32(0);
    const checksum = view.getUint32(4);
    if (length < 1 || length > maxFrameBytes + 1) damaged("a frame of a length that cannot be");
    const frame = this.#queue.take(frameHeadBytes + length);
    if (frame === null) return false;
    if (crc32(frame.subarray(frameHeadBytes)) !== checksum) damaged("wrong checksum");
    this.#frame(frame);
    return true;
  }

  #start(): boolean {
    const start = this.#queue.take(startBytes);
    if (start === null) return false;
    checkStart(start);
    this.#hash.update(start);
    this.#isStarted = true;
    return true;
  }

  #frame(frame: Uint8Array): void {
    const kind = frame[frameHeadBytes];
    const body = frame.subarray(frameHeadBytes + 1);
    if ((kind === frameKind.header) !== (this.#header === null)) damaged("frames out of order");
    if (kind === frameKind.end) {
      this.#finish(body);
      return;
    }
    this.#hash.update(frame);
    if (kind === frameKind.header) this.#header = readHeader(new CborReader(body));
    else if (kind === frameKind.data) this.#take(body);
    else damaged("unknown frame");
  }

  #take(body: Uint8Array): void {
    this.#dataBytes += body.length;
    this.#data(body);
  }

  #finish(body: Uint8Array): void {
    const { dataBytes, hash } = readEnd(new CborReader(body));
    if (dataBytes !== this.#dataBytes || this.#hash.digest().compare(hash) !== 0)
      damaged("it does not match its checksum");
    this.#isOver = true;
  }
}
