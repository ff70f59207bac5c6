// Makes what a client prints about two servers comparable: ids, addresses, times and sizes get names.
// Ids are numbered as they appear, so that one id in two places stays one.

export class Normalizer {
  readonly #ids = new Map<bigint, string>()

  text(printed: string): string {
    return (
      printed
        .split('\n')
        // etcdctl's own log, with its times and channels.
        .filter((line) => !line.startsWith('{"level"'))
        .join('\n')
        .replaceAll(/https?:\/\/127\.0\.0\.1:\d+|127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replaceAll(/(took = |took: ?|"took":")[\d.]+(?:m|n|Â?µ)?s/g, '$1TIME')
        .replaceAll(/remaining\(\d+s\)/g, 'remaining(LEFT)')
        .replaceAll(/"ttl":\d+/g, '"ttl":LEFT')
        .replaceAll(/"(raft_term|raftTerm|RaftTerm)"( ?: ?)\d+/g, '"$1"$2TERM')
        // In the order of a hash table.
        .replaceAll(/keys\(\[([^\]]*)\]\)/g, (_, keys: string) => {
          return `keys([${keys.split(' ').sort().join(' ')}])`
        })
        // Decimal as fields and in JSON, elsewhere hexadecimal, with leading zeros or without.
        .replaceAll(/(" ?: ?)(\d{12,20})\b/g, (_, before: string, id: string) => {
          return before + this.#name(BigInt(id))
        })
        .replaceAll(/\b[0-9a-f]{12,16}\b/g, (id) => this.#name(BigInt(`0x${id}`)))
    )
  }

  #name(id: bigint): string {
    const known = this.#ids.get(id)
    if (known !== undefined) return known
    const name = `ID${String(this.#ids.size + 1)}`
    this.#ids.set(id, name)
    return name
  }
}
