const table = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  table[byte] = crc;
}

function next(crc: number, byte: number): number {
  return (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
}

/** The CRC-32 of a u32, big-endian: for four bytes a call out of JavaScript costs more than the work. */
export function crcOfUint32(value: number): number {
  const crc = next(next(next(next(-1, value >>> 24), value >>> 16), value >>> 8), value);
  return ~crc >>> 0;
}
