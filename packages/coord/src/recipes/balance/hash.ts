/** A text as a number in (0, 1), the same everywhere: FNV-1a with the finalizer of MurmurHash3. */
export function hashOf(text: string): number {
  return finished(mixed(0x81_1c_9d_c5, text));
}

/** The same of texts that begin alike, of which that is reckoned once. */
export function hashesAfter(beginning: string): (rest: string) => number {
  const begun = mixed(0x81_1c_9d_c5, beginning);
  return (rest) => finished(mixed(begun, rest));
}

function mixed(begun: number, text: string): number {
  let hash = begun;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01_00_01_93);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01_00_01_93);
  }
  return hash;
}

function finished(mixture: number): number {
  let hash = mixture;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 0x1_00_00_00_00;
}
