const polynomial = 0x82f63b78;

const table: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc;
});

/** How many of the first bytes have this CRC-32C, for each number of them of which that is so. */
export function prefixesWith(crc: number, bytes: Uint8Array): number[] {
  const found: number[] = [];
  let state = -1;
  for (let at = 0; at < bytes.length; at += 1) {
    state = (table[(state ^ (bytes[at] ?? 0)) & 255] ?? 0) ^ (state >>> 8);
    if (~state >>> 0 === crc) found.push(at + 1);
  }
  return found;
}

/** CRC-32C (Castagnoli) of bytes, unsigned: the checksum in LevelDB's files. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at += 1) {
    crc = (table[(crc ^ (bytes[at] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
