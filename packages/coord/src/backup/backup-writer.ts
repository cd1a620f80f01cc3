import { createHash } from "node:crypto";
import {
  backupFormat,
  backupFrame,
  backupMagic,
  encodeEnd,
  encodeHeader,
  frameKind,
} from "./backup-format.ts";
import type { BackupHeader } from "./backup-format.ts";

/** Bytes of one piece, and a little more. */
const pieceBytes = 262_144;

function* parts(header: BackupHeader, chunks: Iterable<Uint8Array>): Generator<Uint8Array, undefined> {
  const hash = createHash("sha256");
  let dataBytes = 0;
  const hashed = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes);
    return bytes;
  };
  yield hashed(new Uint8Array([...backupMagic, backupFormat]));
  yield hashed(backupFrame(frameKind.header, encodeHeader(header)));
  for (const chunk of chunks) {
    dataBytes += chunk.length;
    yield hashed(backupFrame(frameKind.data, chunk));
  }
  yield backupFrame(frameKind.end, encodeEnd({ dataBytes, hash: hash.digest() }));
}

/**
 * The bytes of a backup in pieces of about 256 KiB, each made when it is asked for.
 * @param chunks the machine's snapshot, at most 1 MiB each
 */
export function* writeBackup(
  header: BackupHeader,
  chunks: Iterable<Uint8Array>,
): Generator<Uint8Array, undefined> {
  let piece: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts(header, chunks)) {
    piece.push(part);
    bytes += part.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(piece);
    piece = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(piece);
}
